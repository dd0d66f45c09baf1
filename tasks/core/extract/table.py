"""Parse the well-formed lines of a block into columns; doubtful lines are left for the line reader."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from tasks.core.errors import CONTROL_BEYOND_ASCII
from tasks.core.extract.blocks import Block
from tasks.core.extract.dialect import Dialect

_FIRST_PRINTABLE: Final = 0x20
_DELETE: Final = 0x7F
_BEYOND_ASCII: Final = 0x80
_QUOTE: Final = ord('"')

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """The rows that could be parsed: `columns` by position in the header, and `lines` (N,).

    `lines` are positions within the block, counted from 0, rising. Lines of the block that are not
    among them must be read one by one.
    """

    columns: pa.Table
    lines: Positions


def parse_table(block: Block, dialect: Dialect, types: dict[int, pa.DataType]) -> Table:
    """Parse the columns with a type; a line in doubt is not parsed.

    In doubt is a line that is blank, not UTF-8, holds a control character or an unusual quote, or
    has another number of fields than the header. Should lines and rows not add up afterwards, no
    line of the block counts as parsed.
    """
    starts, ends = block.bounds
    doubtful = _doubtful_lines(block.data, starts, ends, dialect)
    sure = np.setdiff1d(np.arange(len(starts)), doubtful, assume_unique=True)
    wrong_width: list[int] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        wrong_width.append(row.number - 1)
        return "skip"

    names = [str(position) for position in range(len(dialect.header))]
    wanted = {str(position): kind for position, kind in types.items()}
    nothing = pa.table({name: pa.array([], kind) for name, kind in wanted.items()})
    if not len(sure):
        return Table(nothing, sure)
    data = _without_lines(block.data, starts, doubtful)
    columns = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
        parse_options=arrow_csv.ParseOptions(
            delimiter=dialect.separator, quote_char='"', newlines_in_values=False, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=wanted, include_columns=list(wanted), strings_can_be_null=False
        ),
    )
    lines = np.delete(sure, wrong_width)
    if columns.num_rows != len(lines):
        return Table(nothing, lines[:0])
    return Table(columns.combine_chunks(), lines)


def _doubtful_lines(data: bytes, starts: Positions, ends: Positions, dialect: Dialect) -> Positions:
    """Find lines that only the line reader can judge: sorted positions, each once."""
    octets = np.frombuffer(data, dtype=np.uint8)
    least = len(dialect.header) + (1 if dialect.separator == "\t" else -1)
    doubtful = [np.flatnonzero(ends - starts < least)]  # blank ones among them
    controls = np.flatnonzero((octets < _FIRST_PRINTABLE) | (octets == _DELETE))
    if len(controls) > len(ends):
        doubtful.append(_lines_of(_unusual_controls(octets, controls, dialect), starts))
    if not (data.isascii() or _is_plain(data)):
        beyond = np.unique(_lines_of(np.flatnonzero(octets >= _BEYOND_ASCII), starts))
        bad = [not _is_plain(data[starts[line] : ends[line]]) for line in beyond]
        doubtful.append(beyond[np.array(bad, dtype=np.bool_)])
    if _QUOTE in data:
        doubtful.append(_unusual_quotes(octets, starts, dialect))
    return np.unique(np.concatenate(doubtful))


def _lines_of(octets: Positions, starts: Positions) -> Positions:
    return np.asarray(np.searchsorted(starts, octets, side="right") - 1, dtype=np.int64)


def _is_plain(data: bytes) -> bool:
    try:
        return CONTROL_BEYOND_ASCII.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False


def _unusual_controls(octets: npt.NDArray[np.uint8], controls: Positions, dialect: Dialect) -> Positions:
    """Keep the controls that neither end a line nor separate fields."""
    found = octets[controls]
    usual = found == ord("\n")
    following = np.append(octets[1:], np.uint8(ord("\n")))[controls]  # a CR may end the file
    usual |= (found == ord("\r")) & (following == ord("\n"))
    if dialect.separator == "\t":
        usual |= found == ord("\t")
    return np.compress(~usual, controls)


def _unusual_quotes(octets: npt.NDArray[np.uint8], starts: Positions, dialect: Dialect) -> Positions:
    """Find lines with quotes other than pairs around whole fields."""
    quotes = np.flatnonzero(octets == _QUOTE)
    line = _lines_of(quotes, starts)
    first = np.searchsorted(quotes, starts[line])
    opens = (np.arange(len(quotes)) - first) % 2 == 0
    padded = np.concatenate([[np.uint8(ord("\n"))], octets, [np.uint8(ord("\n"))]])
    before, after = padded[quotes], padded[quotes + 2]
    separator = ord(dialect.separator)
    whole = np.where(
        opens,
        (before == separator) | (before == ord("\n")),
        (after == separator) | (after == ord("\n")) | (after == ord("\r")),
    )
    odd = np.bincount(line, minlength=len(starts)) % 2 == 1
    return np.union1d(line[~whole], np.flatnonzero(odd))


def _without_lines(data: bytes, starts: Positions, cut: Positions) -> bytes:
    """Leave whole lines out of a block."""
    if not len(cut):
        return data
    stops = np.append(starts[1:], len(data))
    edges = np.concatenate([[0], stops[cut]]), np.concatenate([starts[cut], [len(data)]])
    return b"".join(data[start:stop] for start, stop in zip(*edges, strict=True))
