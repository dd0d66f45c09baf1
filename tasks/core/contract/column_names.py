"""Name a sender's columns without showing a value: without a header, the first line's cells are values."""

import re
from typing import Final

_WORDS: Final = re.compile(r"[^\W\d_]\w*(?:[ _-][^\W\d_]\w*)*")
"""Begin with letters, unlike phone numbers and most ids; and hold no `@` or point, unlike addresses."""


def named(sent: str, place: int) -> str:
    """Give a column's name as sent where it is words; else its place, counted from 1: it may be a value."""
    return sent if _WORDS.fullmatch(sent) else f"column {place}"


def quoted(sent: str, place: int) -> str:
    """Give the same for a sentence: 'Segment' in quotes, or column 22."""
    return f"'{sent}'" if named(sent, place) == sent else named(sent, place)
