"""Cut a file's bytes into physical lines and fields; a line that is no row says why."""

import csv
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from tasks.core.errors import ExtractError
from tasks.core.extract.dialect import Dialect, has_control, split_line, wrong_encoding


@dataclass(frozen=True)
class Lines:
    """What the physical lines after the header hold.

    `cells` has a row a well-formed line and a text column a header field (0, 1, ...); its index is
    the physical line number, the file's first line being 1. `faults` maps the other lines to a
    reason code. `blank` counts lines with nothing on them.
    """

    cells: pd.DataFrame
    faults: dict[int, str]
    blank: int


def count_data_lines(data: bytes, dialect: Dialect) -> int:
    """Count physical lines after the header by line ends alone, independently of the reader."""
    ends = data.count(dialect.newline)
    unfinished = 0 if data.endswith(dialect.newline) else 1
    return ends + unfinished - dialect.header_line


def read_lines(data: bytes, dialect: Dialect, name: str) -> Lines:
    """Cut the lines after the header into fields.

    A quoted field never spans lines; a line with an odd number of quotes is a fault of its own.

    Raises:
        ExtractError: most lines have another number of fields than the header, or are not UTF-8.
    """
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    widths: Counter[int] = Counter()
    blank = 0
    first_bad_byte: int | None = None
    position = dialect.offset
    for number, line in enumerate(data[dialect.offset :].split(dialect.newline), start=1):
        start, position = position, position + len(line) + 1
        if number <= dialect.header_line or (start == len(data) and not line):
            continue
        if not line.strip():
            blank += 1
            continue
        fields = _fields(line, dialect)
        if isinstance(fields, str):
            faults[number] = fields
            if fields == "invalid_encoding" and first_bad_byte is None:
                first_bad_byte = start + _first_bad_byte(line)
            continue
        widths[len(fields)] += 1
        if len(fields) != len(dialect.header):
            faults[number] = "short_row" if len(fields) < len(dialect.header) else "long_row"
        else:
            rows.append(fields)
            numbers.append(number)
    _refuse_wrong_width(widths, dialect, name)
    if first_bad_byte is not None and Counter(faults.values())["invalid_encoding"] > len(rows):
        raise wrong_encoding(name, first_bad_byte)
    cells = pd.DataFrame(rows, index=numbers, columns=range(len(dialect.header)), dtype="str")
    return Lines(cells, faults, blank)


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


def _refuse_wrong_width(widths: Counter[int], dialect: Dialect, name: str) -> None:
    if not widths:
        return
    expected = len(dialect.header)
    wrong = sum(widths.values()) - widths[expected]
    if wrong * 2 > sum(widths.values()):
        usual, lines = max(((w, n) for w, n in widths.items() if w != expected), key=lambda item: item[1])
        raise ExtractError(
            f"extract '{name}': the header has {expected} fields, but {lines} of {sum(widths.values())} lines"
            f" have {usual}. Export header and rows with the same columns, and quote fields that hold"
            " the separator."
        )
