"""Split physical lines into fields one by one; a line that is not a row gets a reason code."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.core.extract.text.dialect import Dialect, has_control
from tasks.core.extract.text.separator import is_blank, split_line


@dataclass(frozen=True)
class SplitLines:
    """The lines after the header, split into fields.

    `numbers` are the physical line numbers (the first line of the file is 1) of well-formed rows, and
    `cells` holds one list of their texts for each field of the header. `faults` maps the other lines
    to a reason code. `blank` counts lines without content; `widths` counts the others by their number of
    fields. `first_bad_byte` is the offset of the first byte that is not UTF-8.
    """

    numbers: list[int]
    cells: list[list[str]]
    faults: dict[int, str]
    blank: int
    widths: Counter[int]
    first_bad_byte: int | None


def read_lines(lines: Iterable[tuple[int, int, bytes]], dialect: Dialect) -> SplitLines:
    """Split lines into fields; each is given as its number, its byte offset in the file, and its bytes.

    A quoted field never spans lines: a line with an odd number of quotes is itself a fault.
    """
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    widths: Counter[int] = Counter()
    blank = 0
    first_bad_byte: int | None = None
    for number, offset, line in lines:
        fields = _fields(line, dialect) if line.strip() else []
        if not fields:
            blank += 1
            continue
        if isinstance(fields, str):
            faults[number] = fields
            if fields == "invalid_encoding" and first_bad_byte is None:
                first_bad_byte = offset + _first_bad_byte(line)
            continue
        widths[len(fields)] += 1
        if len(fields) != len(dialect.header):
            faults[number] = "short_row" if len(fields) < len(dialect.header) else "long_row"
        else:
            rows.append(fields)
            numbers.append(number)
    cells = [[row[place] for row in rows] for place in range(len(dialect.header))]
    return SplitLines(numbers, cells, faults, blank, widths, first_bad_byte)


def _fields(line: bytes, dialect: Dialect) -> list[str] | str:
    """Split a line, or return the reason code if it is not a row; a line without content has no fields."""
    try:
        text = line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_encoding"
    if is_blank(text, dialect.separator):
        return []
    if has_control(text, dialect.separator):
        return "control_character"
    if text.count('"') % 2:
        return "stray_quote"
    try:
        fields = split_line(text, dialect.separator)
    except csv.Error:
        return "stray_quote"
    return "repeated_header" if tuple(fields) == dialect.header else fields


def _first_bad_byte(line: bytes) -> int:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0
