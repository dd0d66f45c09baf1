"""Read a Parquet file as the equivalent CSV text, so that one contract covers both.

The header is line 1 and row n is line n + 1. A null is a blank cell; numbers are written in their
shortest form, but a whole id stored as a floating-point number as 12.0, which the contract refuses;
a line break within a cell becomes a vertical tab, which is equally invalid.
"""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.columns import ID
from schemas.config import IngestConfig
from tasks.core.arrow_text import quoted, text_buffers
from tasks.core.contract import column_names
from tasks.core.contract.vocabulary import contract_names
from tasks.core.errors import UnnamedError

_BATCH_ROWS: Final = 16_384
_BATCH_BYTES: Final = 64 * 2**20
"""Bytes of rows held as text at a time; with dictionary encoding a small page can expand a lot."""
_PAGE_BUFFER: Final = 2**20
_ERRORS: Final = (pa.ArrowException, OSError)
"""pyarrow may report damage as any of these."""


class ParquetText:
    """A Parquet file's content as CSV text."""

    def __init__(self, file: Any, config: IngestConfig) -> None:
        """Read the schema.

        Raises:
            UnnamedError: the file is damaged or has no column, or a column is nested.
            ConfigError: an alias maps to a column that is not in the contract.
        """
        self._table = self._open(file)
        known = contract_names(tuple(self._table.schema_arrow.names), config)
        self._ids = {place for place, column in enumerate(known) if column == ID}
        self._pieces = self._texts()
        self._kept = b""

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; empty at the end.

        Raises:
            UnnamedError: the file is damaged, or a column cannot be written as text.
        """
        pieces = [self._kept]
        length = len(self._kept)
        try:
            while length < size and (piece := next(self._pieces, b"")):
                pieces.append(piece)
                length += len(piece)
        except _ERRORS:
            raise _damaged() from None
        data = b"".join(pieces)
        self._kept = data[size:]
        return data[:size]

    def _open(self, file: Any) -> pq.ParquetFile:
        """Open with every text column dictionary-encoded, so that repeated cells cost nothing."""
        try:
            schema = pq.ParquetFile(pa.PythonFile(file, mode="r")).schema_arrow
            if not len(schema):
                raise UnnamedError(
                    "is a Parquet file without columns; expected those of the contract. Export it again."
                )
            for place, field in enumerate(schema, start=1):
                if pa.types.is_nested(field.type):
                    column = column_names.quoted(field.name, place)
                    raise UnnamedError(
                        f": {column} of the Parquet file contains lists or records; expected one value"
                        " per customer. Export flat columns."
                    )
            texts = [field.name for field in schema if _is_text(field.type)]
            source = pa.PythonFile(file, mode="r")
            return pq.ParquetFile(source, read_dictionary=texts, buffer_size=_PAGE_BUFFER, pre_buffer=False)
        except _ERRORS:
            raise _damaged() from None

    def _texts(self) -> Iterator[bytes]:
        yield _lines([_cells(pa.array([name])) for name in self._table.schema_arrow.names])
        for batch in self._table.iter_batches(batch_size=self._batch_rows(), use_threads=False):
            rows = max(1, _BATCH_BYTES // max(1, sum(map(_longest, batch.columns))))
            for start in range(0, len(batch), rows):
                columns = enumerate(batch.slice(start, rows).columns)
                yield _lines([_ids(each) if at in self._ids else _cells(each) for at, each in columns])

    def _batch_rows(self) -> int:
        """Choose a batch size, smaller if the metadata indicate long rows."""
        groups = map(self._table.metadata.row_group, range(self._table.num_row_groups))
        longest = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=0)
        return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, longest)))


def _damaged() -> UnnamedError:
    return UnnamedError("is a damaged Parquet file. Deliver it again.")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    names = ("is_string", "is_large_string", "is_string_view", "is_binary", "is_large_binary")
    return any(getattr(pa.types, name)(kind) for name in names)


def _longest(column: pa.Array) -> int:
    """Length in bytes of the longest text cell; for other types, roughly that of a number."""
    if not pa.types.is_dictionary(column.type):
        return 32
    return pc.max(pc.binary_length(column.dictionary)).as_py() or 0


def _cells(column: pa.Array) -> pa.StringArray:
    """Write a column's cells as CSV."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    cells = column.cast(pa.string(), safe=False).fill_null("")  # bad UTF-8 is a fault of its row alone
    octets, _ = text_buffers(cells)
    if ord("\n") in octets or ord("\r") in octets:
        cells = pc.replace_substring(pc.replace_substring(cells, "\n", "\v"), "\r", "\v")
    return quoted(cells)


def _ids(column: pa.Array) -> pa.StringArray:
    """Write ids as CSV; those stored as floating-point numbers keep their point."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    cells = _cells(column)
    if not pa.types.is_floating(kind):
        return cells
    whole = pc.match_substring_regex(cells, "^-?[0-9]+$")
    return pc.if_else(whole, pc.binary_join_element_wise(cells, ".0", ""), cells)


def _lines(columns: list[pa.StringArray]) -> bytes:
    rows = pc.binary_join_element_wise(*columns, ",")
    octets, _ = text_buffers(pc.binary_join_element_wise(rows, "", "\n"))
    return octets.tobytes()
