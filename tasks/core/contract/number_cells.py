"""Parse number cells strictly: anything but a plain number becomes NaN, and its form says why."""

import math
import re
from collections.abc import Sequence
from typing import Final

_FORMS: Final = {
    "blank": re.compile(r"[ \t]*"),
    "whole": re.compile(r"-?[0-9]+(?:\.0+)?"),
    "decimal": re.compile(r"-?[0-9]+\.[0-9]+"),
    "decimal comma": re.compile(r"-?[0-9]{1,3}(?:[., ]?[0-9]{3})*,[0-9]+"),
    "infinite": re.compile(r"(?i:[+-]?inf(?:inity)?)"),
}
"""Patterns of a whole cell; the first match is its form."""


def parse_numbers(
    cells: Sequence[str], *, blank_words: tuple[str, ...] = ()
) -> tuple[list[float], list[str]]:
    """Parse N number cells into their values and their forms.

    A form is one of `whole`, `decimal`, `blank`, `infinite`, `decimal comma`, `text`. Only plain
    ASCII digits with an optional sign and point are numbers: no exponent, no thousands
    separator, no guessing. `blank_words` are read as blank.
    """
    parsed = {cell: _parse(cell, blank_words) for cell in set(cells)}
    return [parsed[cell][0] for cell in cells], [parsed[cell][1] for cell in cells]


def _parse(cell: str, blank_words: tuple[str, ...]) -> tuple[float, str]:
    if cell in blank_words:
        return math.nan, "blank"
    form = next((name for name, pattern in _FORMS.items() if pattern.fullmatch(cell)), "text")
    if form not in ("whole", "decimal"):
        return math.nan, form
    value = float(cell)
    return (value, form) if math.isfinite(value) else (math.nan, "infinite")
