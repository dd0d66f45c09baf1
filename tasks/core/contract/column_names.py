"""Name a sender's columns without showing values: if the header is missing, the first line is data."""

import re
from typing import Final

_WORDS: Final = re.compile(r"[^\W\d_]\w*(?:[ _.-][^\W\d_]\w*)*")
"""Words start with a letter, unlike amounts, phone numbers and most ids; addresses have an `@`."""
_LONGEST: Final = 64
"""Characters of a name; a longer one would fill a log, a manifest or a message, and is rather a text."""


def named(name: str, place: int) -> str:
    """Return the column's name if it is a few words, else its position (from 1), as it may be a value."""
    return name if len(name) <= _LONGEST and _WORDS.fullmatch(name) else f"column {place}"


def quoted(name: str, place: int) -> str:
    """Return the same for use in a sentence: 'Segment' in quotes, or column 22."""
    return f"'{name}'" if named(name, place) == name else named(name, place)
