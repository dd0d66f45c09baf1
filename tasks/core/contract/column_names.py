"""Name a sender's columns without showing values: if the header is missing, the first line is data."""

import re
from typing import Final

_WORDS: Final = re.compile(r"[^\W\d_]\w*(?:[ _-][^\W\d_]\w*)*")
"""Words start with a letter, unlike phone numbers and most ids, and have no `@` or dot, unlike addresses."""


_MAX_CHARACTERS: Final = 60
"""A longer name is cut off where it is shown: it goes into logs, manifests and Prefect's database."""


def named(name: str, place: int) -> str:
    """Return the column's name if it consists of words, else its position (from 1), as it may be a value."""
    return "".join(_shown(name)) if _is_words(name) else f"column {place}"


def quoted(name: str, place: int) -> str:
    """Return the same for use in a sentence: 'Segment' in quotes, or column 22."""
    return "'{}'{}".format(*_shown(name)) if _is_words(name) else f"column {place}"


def _is_words(name: str) -> bool:
    return _WORDS.fullmatch(name) is not None


def _shown(name: str) -> tuple[str, str]:
    """Cut a long name off; also return a note of its length."""
    if len(name) <= _MAX_CHARACTERS:
        return name, ""
    return f"{name[:_MAX_CHARACTERS]}…", f" ({len(name)} characters)"
