"""Detect how a file was written: whether it is CSV at all, its encoding, separator and line ending."""

import csv
import re
from dataclasses import dataclass
from typing import Final

from schemas.config import IngestConfig
from tasks.core.contract.quirks import EXTRA_MARK, SEPARATOR_LINE
from tasks.core.errors import CONTROL, UnnamedError, listing
from tasks.core.extract.text.control_signs import control_signs, header_advice, named_sign
from tasks.core.extract.text.foreign_formats import foreign_format
from tasks.core.extract.text.separator import LINES_COMPARED, SEPARATORS, detect_separator, split_line

_WIDE_ENCODINGS: Final = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_BOM: Final = b"\xef\xbb\xbf"
_SEPARATOR_LINE: Final = re.compile(rb'(?i:"?sep=(.)"?[,;\t|"]*)')
"""How a file tells Excel its separator."""
_NO_CONTENT: Final = frozenset({*SEPARATORS, '"'})
_BINARY_PROBE_BYTES: Final = 4_096


@dataclass(frozen=True)
class Dialect:
    """How the table is written.

    `separator` is between fields, `newline` (bytes) between lines; `header` holds the column names
    as sent, `header_line` is their physical line (counted from 1), and `offset` is the first byte
    after a byte-order mark. `quirks` lists what was skipped above the header although it is not usual.
    """

    separator: str
    newline: bytes
    header: tuple[str, ...]
    header_line: int
    offset: int
    quirks: tuple[str, ...]


def recognise(data: bytes, config: IngestConfig) -> Dialect:
    """Detect the dialect from the first bytes of a file.

    Raises:
        ConfigError: an alias maps to a column that is not in the contract.
        UnnamedError: the file is empty, is not CSV text, or is not UTF-8; or its header has an
            unpaired quote or a control character.
    """
    marks = _marks(data)
    offset = marks * len(_BOM)
    _refuse_what_is_no_csv(data, offset)
    newline = newline_of(data)
    header_bytes, header_line, end = _first_line(data[offset:], newline)
    quirks = [EXTRA_MARK] if marks > 1 else []
    if _declares_separator(header_bytes, header_line):
        quirks.append(SEPARATOR_LINE)
        below = data[offset + end + 1 :]
        if not below.strip():
            raise empty()
        header_bytes, lines, length = _first_line(below, newline)
        header_line, end = header_line + lines, end + 1 + length
    try:
        text = header_bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        raise wrong_encoding(data.index(header_bytes) + error.start) from None
    separator = detect_separator(text, _lines_after(data[offset + end :], newline), config)
    place = f": the header (line {header_line})"
    if has_control(text, separator):
        signs = control_signs(text, separator)
        raise UnnamedError(
            f"{place} contains a control character: {listing([*map(named_sign, signs)])}."
            f" {header_advice(text, signs)}"
        )
    try:
        header = tuple(split_line(text, separator))
    except csv.Error:
        raise UnnamedError(
            f"{place} has an unpaired quote; a quoted name needs a quote on both sides. Export it again."
        ) from None
    return Dialect(separator, newline, header, header_line, offset, tuple(quirks))


def newline_of(head: bytes) -> bytes:
    """Detect the line ending from the first bytes of a file.

    It is CR if the header ends with one and there are as many of them as LFs: a tool that adds a last LF
    does not make a file of CRs one of LFs, nor does a CR within a name.
    """
    header = head.partition(b"\n")[0].rstrip(b"\r")
    alone = head.count(b"\r") - head.count(b"\r\n")
    return b"\r" if b"\r" in header and alone >= head.count(b"\n") else b"\n"


def is_void(head: bytes) -> bool:
    """Return whether a file has no content at all, given its first bytes: blank lines are content."""
    return len(head) == _marks(head) * len(_BOM)


def empty() -> UnnamedError:
    """Report a file without content."""
    return UnnamedError("is empty; expected a header and one line per customer. Export it again.")


def has_control(text: str, separator: str) -> bool:
    """Return whether a line contains a control character other than the separator."""
    return CONTROL.search(text.replace("\t", "") if separator == "\t" else text) is not None


def wrong_encoding(offset: int, found: str = "another encoding") -> UnnamedError:
    """Report the first byte that is not UTF-8 (`offset` from 0), without showing any of the content."""
    return UnnamedError(
        f"is not UTF-8: byte {offset} is in {found}; expected UTF-8. Export it as 'CSV UTF-8'."
    )


def _refuse_what_is_no_csv(data: bytes, offset: int) -> None:
    if not data[offset:].strip():
        raise empty()
    if foreign := foreign_format(data, offset):
        raise UnnamedError(f"is {foreign.what}; expected CSV text. To fix this, {foreign.fix}.")
    for mark, encoding in _WIDE_ENCODINGS:
        if data.startswith(mark):
            raise wrong_encoding(0, encoding)
    if data[:_BINARY_PROBE_BYTES].count(b"\x00") > _BINARY_PROBE_BYTES // 16:
        raise UnnamedError(
            f"is binary or UTF-16 (byte {data.index(0)} is NUL); expected UTF-8 text."
            " Export it as 'CSV UTF-8'."
        )


def _declares_separator(line: bytes, number: int) -> bool:
    """Return whether a line only tells Excel the separator; the file's own is detected all the same."""
    declared = _SEPARATOR_LINE.fullmatch(line)
    if declared and declared[1].decode("utf-8", "replace") not in SEPARATORS:
        raise UnnamedError(
            f": line {number} ('sep=') declares an unknown separator. Export it with ',', ';', '|' or a tab."
        )
    return declared is not None


def _marks(data: bytes) -> int:
    """Count the byte-order marks at the start; joined files and some editors leave more than one."""
    count = 0
    while data.startswith(_BOM, count * len(_BOM)):
        count += 1
    return count


def _first_line(data: bytes, newline: bytes) -> tuple[bytes, int, int]:
    """Return the first line with content, or else the first with separators; its number, and its end."""
    only_separators = None
    line, start = 1, 0
    while start < len(data):
        end = data.find(newline, start)
        end = len(data) if end < 0 else end
        content = data[start:end].rstrip(b"\r")
        if not all(each.isspace() or each in _NO_CONTENT for each in content.decode("utf-8", "replace")):
            return content, line, end
        if content.strip() and only_separators is None:
            only_separators = content, line, end
        start, line = end + 1, line + 1
    assert only_separators is not None  # the caller has seen that not all is blank
    return only_separators


def _lines_after(data: bytes, newline: bytes) -> list[str]:
    """Return the first whole lines below the header; what follows the last line ending may be cut off."""
    lines = data.split(newline, LINES_COMPARED + 1)[1:-1]
    return [line.rstrip(b"\r").decode("utf-8", "replace") for line in lines]
