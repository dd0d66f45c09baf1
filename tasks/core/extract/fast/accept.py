"""Fast path: accept rows in a block column by column, using the pandera contract's own checks.

`check_tables` holds the answers that do not depend on the data, `row_checks` runs the rest on each block.
Nothing is refused here: a row that is not accepted is read and judged line by line, with its exact
reasons, by `line_reader` and `row_judge`.
"""

import re
from collections import Counter
from functools import partial
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET
from schemas.config import IngestConfig
from tasks.core.contract.check_tables import ContractTables, keeps_column
from tasks.core.contract.memo import CellTexts, Memory
from tasks.core.contract.quirks import CARRIAGE_RETURNS, DECIMAL_CODE, NO_BREAK_BLANK, PADDED_NUMBER
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values
from tasks.core.errors import CONTROL_BEYOND_ASCII
from tasks.core.extract.fast.plain_ids import are_plain
from tasks.core.extract.fast.row_checks import FORM_TYPE, RowChecks, categorical
from tasks.core.extract.fast.scan import (
    CATEGORY,
    IGNORED,
    NUMBER,
    SEARCHED,
    UNKNOWN,
    Layout,
    Places,
    Scan,
    Spelled,
    Spellings,
    join_texts,
    scan,
)
from tasks.core.extract.fast.scan import (
    ID as ID_FIELD,
)
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.text.dialect import Dialect

CATEGORY_TYPES: Final = {column: pd.CategoricalDtype(list(values)) for column, values in VOCABULARY.items()}

_MOST_SPELLINGS: Final = 64
"""Spellings remembered per column; rows with others are left to the line reader."""

_VALUE_QUIRKS: Final = (NO_BREAK_BLANK, DECIMAL_CODE)
"""Quirks of category values; a scan numbers them from 1."""

_NOT_PLAIN_TEXT: Final = re.compile(f"\ufffd|{CONTROL_BEYOND_ASCII.pattern}")
"""The replacement for bytes that are not UTF-8, and control characters; a row may contain neither."""


class Acceptor:
    """Validates rows against a contract; safe to share between threads."""

    def __init__(
        self,
        tables: ContractTables,
        config: IngestConfig,
        dialect: Dialect,
        positions: dict[str, int],
        searched: list[int],
    ) -> None:
        """Prepare the tables; `positions` locates the contract's columns, `searched` those to search."""
        self._tables, self._config = tables, config
        self._numbers = [column for column in NUMBERS if column in positions]
        self._categories = [column for column in (*CATEGORIES, TARGET) if column in positions]
        kinds = np.full(len(dialect.header), IGNORED, dtype=np.int8)
        slots = np.zeros(len(dialect.header), dtype=np.int64)
        for kind, places in (
            (SEARCHED, searched),
            (ID_FIELD, [positions[ID]]),
            (CATEGORY, [positions[column] for column in self._categories]),
            (NUMBER, [positions[column] for column in self._numbers]),
        ):
            kinds[places], slots[places] = kind, np.arange(len(places))
        self._layout = Layout(ord(dialect.separator), kinds, slots)
        self._spelled = {column: Memory(partial(self._ask, column)) for column in self._categories}
        self._spellings = Spellings.of(
            [
                dict(zip(VOCABULARY[column], asked(list(zip(VOCABULARY[column], strict=True))), strict=True))
                for column, asked in self._spelled.items()
            ]
        )
        self._row_checks = RowChecks(tables, self._numbers, self._categories)

    def accept(self, block: Block) -> tuple[pd.DataFrame, Scan]:
        """Parse a block and keep the (N,) rows that certainly pass the contract.

        Returns:
            The parsed frame (see `schemas.extract`) with categories and forms as pandas categoricals,
            indexed by physical line; and the scan of all lines, with `read` True for these rows only.
        """
        found = self._scan(block)
        sure = self._plain_text(block, found)
        sure &= (found.codes >= 0).all(axis=0)
        for column, forms in zip(self._numbers, found.forms, strict=True):
            sure &= self._tables.forms[column][forms]
        first = np.frombuffer(block.data, dtype=np.uint8).take(found.ids[:, 0], mode="clip")
        octets = found.ids[:, 1] - found.ids[:, 0]
        sure &= self._tables.id_starts[first] & (octets > 0) & (octets <= self._tables.id_octets)
        rows = np.flatnonzero(sure)
        rows = rows[self._keeps_ids(block, found.ids[rows])]
        rows = rows[self._row_checks.keep(found, rows)]
        found.read[:] = False
        found.read[rows] = True
        return self._frame(block, found, rows), found

    def _scan(self, block: Block) -> Scan:
        """Scan a block; scan again whenever it contains new spellings that the contract accepts."""
        spellings = self._spellings  # never changed, only replaced: another thread may be reading it
        found = scan(block.data, block.lines, self._layout, spellings)
        while len(found.unknown) and (more := self._learn(block, found, spellings.known)):
            spellings = self._spellings = more
            found = scan(block.data, block.lines, self._layout, spellings)
        return found

    def _learn(self, block: Block, found: Scan, known: list[dict[str, Spelled]]) -> Spellings | None:
        """Add the unknown values that the contract accepts to the known spellings; None if there are none."""
        learnt = [*known]
        for slot, column in enumerate(self._categories):
            unknown = {
                block.data[start:end].decode("utf-8", "replace")
                for which, start, end in found.unknown.tolist()
                if which == slot
            }
            new = [(text,) for text in unknown if text not in known[slot] and self._may_be_known(text)]
            spelled = {
                text: each
                for (text,), each in zip(new, self._spelled[column](new), strict=True)
                if each[0] != UNKNOWN
            }
            learnt[slot] = known[slot] | dict(islice(spelled.items(), _MOST_SPELLINGS - len(known[slot])))
        return Spellings.of(learnt) if learnt != known else None

    def _may_be_known(self, text: str) -> bool:
        """Return whether this spelling, quoted or not, is safe to match as bytes.

        Known spellings are not split at separators again, nor checked for control characters.
        """
        return bool(text) and chr(self._layout.separator) not in text and not _NOT_PLAIN_TEXT.search(text)

    def _ask(self, column: str, cells: list[CellTexts]) -> list[Spelled]:
        """Return the position of each cell in the vocabulary, UNKNOWN if it fails a check, and its quirk."""
        sure = {
            word: position
            for position, (word, kept) in enumerate(
                zip(VOCABULARY[column], self._tables.words[column], strict=True)
            )
            if kept
        }
        words, quirks = canonical_values(column, [text for (text,) in cells], self._config)
        return [
            (sure.get(word, UNKNOWN), _VALUE_QUIRKS.index(quirk) + 1 if quirk else 0)
            for word, quirk in zip(words, quirks, strict=True)
        ]

    def _plain_text(self, block: Block, found: Scan) -> npt.NDArray[np.bool_]:
        """Return which lines were read and are UTF-8 without non-ASCII control characters."""
        plain = found.read.copy()
        if not (found.ascii.all() or _is_plain(block.data)):
            for line in np.flatnonzero(~found.ascii).tolist():
                plain[line] &= _is_plain(block.line(found.starts, line))
        return plain

    def _keeps_ids(self, block: Block, bounds: Places) -> npt.NDArray[np.bool_]:
        """Return which of (N,) ids pass the contract; only those of an unusual shape are judged by it."""
        kept = are_plain(block.data, bounds)
        unusual = np.flatnonzero(~kept)
        if len(unusual):
            ids = [block.data[start:end].decode() for start, end in bounds[unusual].tolist()]
            kept[unusual] = keeps_column(self._tables.schema, ID, pd.Series(ids, dtype="str"))
        return kept

    def _frame(self, block: Block, found: Scan, rows: Places) -> pd.DataFrame:
        octets, offsets = join_texts(block.data, found.ids[rows])
        ids = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(octets))
        parsed: dict[str, Any] = {ID: pa.chunked_array([ids]).to_pandas()}
        for column, codes in zip(self._categories, found.codes, strict=True):
            parsed[column] = categorical(codes[rows], CATEGORY_TYPES[column])
        for column, values, forms in zip(self._numbers, found.values, found.forms, strict=True):
            parsed[column] = values[rows]
            parsed[f"{column}_form"] = categorical(forms[rows], FORM_TYPE)
        frame = pd.DataFrame(parsed, copy=False)
        frame.index = pd.Index(rows + block.first_line)
        return frame


def count_quirks(found: Scan) -> Counter[str]:
    """Count the quirks of the lines that were read."""
    values = found.quirks[:, found.read]
    counts = {what: values == number for number, what in enumerate(_VALUE_QUIRKS, start=1)}
    counts |= {PADDED_NUMBER: found.padded[:, found.read], CARRIAGE_RETURNS: found.returns[found.read]}
    return Counter({what: int(which.sum()) for what, which in counts.items()})


def _is_plain(data: bytes) -> bool:
    try:
        return CONTROL_BEYOND_ASCII.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False
