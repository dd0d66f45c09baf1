"""Cut physical lines into fields one by one; a line that is no row says why."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.core.extract.text.dialect import Dialect, has_control, split_line


@dataclass(frozen=True)
class Lines:
    """What physical lines after the header hold.

    `numbers` are the physical lines that are well formed, the file's first line being 1, and `cells`
    has for each field of the header the text of each of them. `faults` maps the other lines to a
    reason code. `blank` counts lines with nothing on them, `widths` the fields of lines that could
    be split. `first_bad_byte` is where the first line that is not UTF-8 stops being it.
    """

    numbers: list[int]
    cells: list[list[str]]
    faults: dict[int, str]
    blank: int
    widths: Counter[int]
    first_bad_byte: int | None


def read_lines(lines: Iterable[tuple[int, int, bytes]], dialect: Dialect) -> Lines:
    """Cut lines, given with their numbers and the bytes before them in the file, into fields.

    A quoted field never spans lines; a line with an odd number of quotes is a fault of its own.
    """
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    widths: Counter[int] = Counter()
    blank = 0
    first_bad_byte: int | None = None
    for number, offset, line in lines:
        if not line.strip():
            blank += 1
            continue
        fields = _fields(line, dialect)
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
    return Lines(numbers, cells, faults, blank, widths, first_bad_byte)


def _fields(line: bytes, dialect: Dialect) -> list[str] | str:
    """Split a line, or name the fault that makes it no row."""
    try:
        text = line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_encoding"
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
