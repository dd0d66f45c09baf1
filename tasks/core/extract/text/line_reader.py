"""Split physical lines into fields one by one; a line that is not a row gets a reason code."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tasks.core.contract.quirks import CARRIAGE_RETURNS, REMARK
from tasks.core.extract.text.control_signs import control_signs
from tasks.core.extract.text.dialect import Dialect, has_control
from tasks.core.extract.text.remarks import is_remark
from tasks.core.extract.text.separator import is_blank, split_line

Line = tuple[int, int, bytes]
"""A line's number, its byte offset in the file, and its bytes."""

_END_OF_FILE: Final = b"\x1a"
"""How DOS programs end a text file."""


@dataclass(frozen=True)
class SplitLines:
    """The lines after the header, split into fields.

    `numbers` are the physical line numbers (the first line of the file is 1) of well-formed rows, and
    `cells` holds one list of their texts for each field of the header. `faults` maps the other lines
    to a reason code. `blank` counts lines that cannot be customers: without content, or remarks; `widths`
    counts the others by their number of fields. `quirks` counts what was read although it is not usual, and
    `controls` lines by the control characters in them.
    `first_bad_byte` is the offset of the first byte that is not UTF-8.
    """

    numbers: list[int]
    cells: list[list[str]]
    faults: dict[int, str]
    blank: int
    widths: Counter[int]
    quirks: Counter[str]
    controls: Counter[str]
    first_bad_byte: int | None


def read_lines(lines: Iterable[Line], dialect: Dialect) -> SplitLines:
    """Split lines into fields.

    A quoted field never spans lines: a line with an odd number of quotes is itself a fault.
    """
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    widths: Counter[int] = Counter()
    quirks: Counter[str] = Counter()
    controls: Counter[str] = Counter()
    blank = 0
    first_bad_byte: int | None = None
    for number, offset, line in lines:
        quirks[CARRIAGE_RETURNS] += line.endswith(b"\r\r")
        fields = _fields(line.rstrip(b"\r"), dialect) if line.strip() else []
        if fields == REMARK:
            quirks[REMARK] += 1
            fields = []
        if not fields:
            blank += 1
            continue
        if isinstance(fields, str):
            faults[number] = fields
            if fields == "control_character":
                controls.update(control_signs(line.rstrip(b"\r").decode("utf-8"), dialect.separator))
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
    return SplitLines(numbers, cells, faults, blank, widths, +quirks, controls, first_bad_byte)


def _fields(line: bytes, dialect: Dialect) -> list[str] | str:
    """Split a line, or return the reason code if it is not a row, or REMARK if it is not meant to be one.

    A line without content has no fields.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_encoding"
    if is_blank(text, dialect.separator):
        return []
    if has_control(text, dialect.separator):
        return REMARK if line == _END_OF_FILE else "control_character"
    try:
        fields = split_line(text, dialect.separator) if text.count('"') % 2 == 0 else None
    except csv.Error:
        fields = None
    if fields is None:
        return "stray_quote"
    if is_remark(fields):
        return REMARK
    return "repeated_header" if tuple(fields) == dialect.header else fields


def _first_bad_byte(line: bytes) -> int:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0
