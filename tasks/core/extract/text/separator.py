"""Split physical lines at a separator, and detect which one a file uses."""

import csv
import re
from collections.abc import Sequence
from typing import Final

from schemas.config import IngestConfig
from tasks.core.contract.vocabulary import contract_names

SEPARATORS: Final = (",", ";", "\t", "|")
LINES_COMPARED: Final = 100
"""Lines below the header whose number of fields is compared with the header's."""

_EMPTY: Final = re.compile(r'\s*(?:"\s*"\s*)?')


def split_line(text: str, separator: str) -> list[str]:
    """Split one physical line into fields.

    Raises:
        csv.Error: a quote is where RFC 4180 does not allow one.
    """
    if '"' not in text:
        return text.split(separator)
    return next(csv.reader([text], delimiter=separator, strict=True))


def is_blank(text: str, separator: str) -> bool:
    """Return whether a physical line has no content: nothing but separators, blanks and empty quotes."""
    content = text.strip(f" {separator}")
    if content and content[0] != '"' and not content[0].isspace():
        return False
    return not content or all(map(_EMPTY.fullmatch, text.split(separator)))


def detect_separator(header: str, lines: Sequence[str], config: IngestConfig) -> str:
    """Return the separator by which a header holds the most names of the contract or its aliases.

    If it holds none, the separator that splits the most of the `lines` below into as many fields as the
    header, two or more; the extract is then refused, but for its names and not for its separator.

    Raises:
        ConfigError: an alias maps to a column that is not in the contract.
    """
    known = {each: _known_names(header, each, config) for each in SEPARATORS}
    if any(known.values()):
        return max(SEPARATORS, key=lambda each: known[each])
    return max(SEPARATORS, key=lambda each: _agreement(header, lines, each))


def _known_names(header: str, separator: str, config: IngestConfig) -> int:
    return len({column for column in contract_names(fields_of(header, separator), config) if column})


def _agreement(header: str, lines: Sequence[str], separator: str) -> tuple[int, int]:
    """Return how many lines have the header's number of fields, and this number."""
    width = len(fields_of(header, separator))
    if width <= 1:
        return 0, 0
    return sum(len(fields_of(line, separator)) == width for line in lines), width


def fields_of(line: str, separator: str) -> tuple[str, ...]:
    """Split a line; one that cannot be split has no fields."""
    try:
        return tuple(split_line(line, separator))
    except csv.Error:
        return ()
