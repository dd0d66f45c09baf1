"""Accept rows of a block column by column, by the very checks of the pandera contract; refuse none.

See `contract_tables` for what the checks said before the extract was read, and `row_checks` for what
they are asked about each block. A row that is not accepted here is not bad
yet: it is read and judged line by line, with its exact reasons, by `lines` and `contract`.
"""

import re
from functools import partial
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET
from schemas.config import IngestConfig
from tasks.core.contract.check_tables import ContractTables
from tasks.core.contract.memo import Memory, Texts
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values
from tasks.core.errors import CONTROL_BEYOND_ASCII
from tasks.core.extract.fast.row_checks import FORM_TYPE, RowChecks, categorical
from tasks.core.extract.fast.scan import (
    CATEGORY,
    IGNORED,
    NAME,
    NUMBER,
    SEARCHED,
    Layout,
    Places,
    Scan,
    Spellings,
    gather,
    scan,
)
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.text.dialect import Dialect

CATEGORY_TYPES: Final = {column: pd.CategoricalDtype(list(values)) for column, values in VOCABULARY.items()}

_MOST_SPELLINGS: Final = 64
"""Of a column that are remembered; rows with others are left to the line reader."""

_STRANGE: Final = re.compile(f"\ufffd|{CONTROL_BEYOND_ASCII.pattern}")
"""What octets that are not UTF-8 are decoded to, and characters that make a line no row."""


class Acceptor:
    """Accepts rows by a contract; one may serve several threads."""

    def __init__(
        self,
        tables: ContractTables,
        config: IngestConfig,
        dialect: Dialect,
        positions: dict[str, int],
        searched: list[int],
    ) -> None:
        """Prepare the tables: `positions` of the contract's columns, and those of columns to search."""
        self._tables, self._config = tables, config
        self._numbers = [column for column in NUMBERS if column in positions]
        self._categories = [column for column in (*CATEGORIES, TARGET) if column in positions]
        kinds = np.full(len(dialect.header), IGNORED, dtype=np.int8)
        slots = np.zeros(len(dialect.header), dtype=np.int64)
        for kind, places in (
            (SEARCHED, searched),
            (NAME, [positions[ID]]),
            (CATEGORY, [positions[column] for column in self._categories]),
            (NUMBER, [positions[column] for column in self._numbers]),
        ):
            kinds[places], slots[places] = kind, np.arange(len(places))
        self._layout = Layout(ord(dialect.separator), kinds, slots)
        self._codes = {column: Memory(partial(self._ask, column)) for column in self._categories}
        self._spellings = Spellings.of(
            [
                dict(zip(VOCABULARY[column], codes(list(zip(VOCABULARY[column], strict=True))), strict=True))
                for column, codes in self._codes.items()
            ]
        )
        self._row_checks = RowChecks(tables, self._numbers, self._categories)

    def accept(self, block: Block) -> tuple[pd.DataFrame, Scan]:
        """Parse a block and keep the rows, (N,), that surely keep the contract.

        Returns:
            The parsed frame of `schemas.extract` with categories and forms as pandas categoricals,
            its index the physical line; and the scan of all lines, `read` True for these rows only.
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
        rows = rows[self._row_checks.keep(found, rows)]
        found.read[:] = False
        found.read[rows] = True
        return self._frame(block, found, rows), found

    def _scan(self, block: Block) -> Scan:
        """Scan a block, and once more where spellings are met that the contract understands."""
        spellings = self._spellings  # never changed, only replaced: another thread may be reading it
        found = scan(block.data, block.lines, self._layout, spellings)
        while len(found.strangers) and (more := self._learn(block, found, spellings.known)):
            spellings = self._spellings = more
            found = scan(block.data, block.lines, self._layout, spellings)
        return found

    def _learn(self, block: Block, found: Scan, known: list[dict[str, int]]) -> Spellings | None:
        """Add spellings of unknown values that keep the contract to the known; None where none is added."""
        learnt = [*known]
        for slot, column in enumerate(self._categories):
            sent = {
                block.data[start:end].decode("utf-8", "replace")
                for which, start, end in found.strangers.tolist()
                if which == slot
            }
            new = [(text,) for text in sent if text not in known[slot] and self._may_be_known(text)]
            codes = {
                text: code for (text,), code in zip(new, self._codes[column](new), strict=True) if code >= 0
            }
            learnt[slot] = known[slot] | dict(islice(codes.items(), _MOST_SPELLINGS - len(known[slot])))
        return Spellings.of(learnt) if learnt != known else None

    def _may_be_known(self, text: str) -> bool:
        """Tell whether a known value of these octets is read as the line reader does, in quotes or without.

        What is known is neither cut at a separator nor looked at again for what is no plain text.
        """
        return bool(text) and chr(self._layout.separator) not in text and not _STRANGE.search(text)

    def _ask(self, column: str, cells: list[Texts]) -> list[int]:
        """Give each cell's position in the contract's vocabulary, -1 where it breaks a check."""
        sure = {
            word: position
            for position, (word, kept) in enumerate(
                zip(VOCABULARY[column], self._tables.words[column], strict=True)
            )
            if kept
        }
        canonical = canonical_values(column, [text for (text,) in cells], self._config)
        return [sure.get(word, -1) for word in canonical]

    def _plain_text(self, block: Block, found: Scan) -> npt.NDArray[np.bool_]:
        """Tell which lines were read and are UTF-8 without a control character beyond ASCII."""
        plain = found.read.copy()
        if not (found.ascii.all() or _is_plain(block.data)):
            for line in np.flatnonzero(~found.ascii).tolist():
                plain[line] &= _is_plain(block.line(found.starts, line))
        return plain

    def _frame(self, block: Block, found: Scan, rows: Places) -> pd.DataFrame:
        octets, offsets = gather(block.data, found.ids[rows])
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


def _is_plain(data: bytes) -> bool:
    try:
        return CONTROL_BEYOND_ASCII.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False
