"""Parse number cells strictly: anything but a plain number becomes NaN, and its form says why."""

import math
import re
from collections.abc import Sequence
from typing import Final

from tasks.core.contract.quirks import MISSING_WORDS, bare

_FORMS: Final = {
    "blank": re.compile(""),
    "whole": re.compile(r"-?[0-9]+(?:\.0+)?"),
    "decimal": re.compile(r"-?[0-9]+\.[0-9]+"),
    "decimal comma": re.compile(r"-?[0-9]{1,3}(?:[., ]?[0-9]{3})*,[0-9]+"),
    "infinite": re.compile(r"(?i:[+-]?inf(?:inity)?)"),
}
"""Patterns of a whole cell without the blanks around it; the first match is its form."""


def parse_numbers(cells: Sequence[str]) -> tuple[list[float], list[str]]:
    """Parse N number cells into their values and their forms.

    A form is one of `whole`, `decimal`, `blank`, `infinite`, `decimal comma`, `text`. Only plain
    ASCII digits with an optional sign and point are numbers: no exponent, no thousands
    separator, no guessing. Blanks around a number do not count, and a word for a missing value is blank.
    """
    parsed = {cell: _parse(cell) for cell in set(cells)}
    return [parsed[cell][0] for cell in cells], [parsed[cell][1] for cell in cells]


def _parse(cell: str) -> tuple[float, str]:
    text = bare(cell)
    if text.lower() in MISSING_WORDS:
        return math.nan, "blank"
    form = next((name for name, pattern in _FORMS.items() if pattern.fullmatch(text)), "text")
    if form not in ("whole", "decimal"):
        return math.nan, form
    value = float(text)
    return (value, form) if math.isfinite(value) else (math.nan, "infinite")
