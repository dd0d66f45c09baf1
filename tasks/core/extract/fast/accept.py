"""Fast path: accept rows in a block in bulk, by what the contract's own checks allow.

`check_tables` holds the answers that do not depend on the data, `row_checks` runs the rest on each block.
Nothing is refused here: a row that is not accepted is read and judged line by line, with its exact
reasons, by `line_reader` and `row_judge`.
"""

import re
from collections import Counter
from functools import partial
from itertools import islice
from typing import Final

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET
from schemas.config import IngestConfig
from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.check_tables import ContractTables, keeps_column
from tasks.core.contract.memo import CellTexts, Memory
from tasks.core.contract.quirks import CARRIAGE_RETURNS, DECIMAL_CODE, NO_BREAK_BLANK, PADDED_NUMBER
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values
from tasks.core.errors import CONTROL_BEYOND_ASCII
from tasks.core.extract.fast.plain_ids import are_plain
from tasks.core.extract.fast.row_checks import RowChecks
from tasks.core.extract.fast.scan import (
    CATEGORY,
    IGNORED,
    NUMBER,
    PADDED,
    RETURNS,
    SEARCHED,
    UNKNOWN,
    Flags,
    Layout,
    Scan,
    scan,
)
from tasks.core.extract.fast.scan import (
    ID as ID_FIELD,
)
from tasks.core.extract.fast.spellings import Places, Spelled, Spellings
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.text.dialect import Dialect

_MOST_SPELLINGS: Final = 64
"""Spellings remembered per column; rows with others are left to the line reader."""

_LONGEST_SPELLING: Final = 256
"""Characters; rows with a longer one, which is mostly blanks, are left to the line reader, too."""

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
        self._categories = tuple(column for column in (*CATEGORIES, TARGET) if column in positions)
        kinds = np.full(len(dialect.header), IGNORED, dtype=np.int8)
        slots = np.zeros(len(dialect.header), dtype=np.int64)
        for kind, places in (
            (SEARCHED, searched),
            (ID_FIELD, [positions[ID]]),
            (CATEGORY, [positions[column] for column in self._categories]),
            (NUMBER, [positions[column] for column in NUMBERS]),
        ):
            kinds[places], slots[places] = kind, np.arange(len(places))
        self._layout = Layout(ord(dialect.separator), kinds, slots)
        self._spelled = {column: Memory(partial(self._ask, column)) for column in self._categories}
        self._spellings = Spellings.of(
            [
                dict(zip(VOCABULARY[column], asked(list(zip(VOCABULARY[column], strict=True))), strict=True))
                for column, asked in self._spelled.items()
            ],
            dialect.separator,
        )
        self._row_checks = RowChecks(tables, self._categories)

    def accept(self, block: Block) -> tuple[Accepted, Scan]:
        """Parse a block and keep the N rows that certainly pass the contract.

        Returns:
            These customers; and the scan of all lines, with `read` True for these rows only.
        """
        found = self._scan(block)
        kept = self._row_checks.keep(found)
        self._keep_plain_text(block, found, kept)
        self._keep_ids(block, found, kept)
        found.read[:] = kept
        of_all = Accepted(
            self._categories,
            np.arange(block.first_line, block.first_line + len(kept)),
            np.frombuffer(block.data, dtype=np.uint8),
            found.ids,
            found.codes,
            found.numbers,
            found.forms,
        )
        return of_all.where(kept), found

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
        return Spellings.of(learnt, chr(self._layout.separator)) if learnt != known else None

    def _may_be_known(self, text: str) -> bool:
        """Return whether this spelling, quoted or not, is safe to match as bytes.

        Known spellings are not split at separators again, nor checked for control characters.
        """
        short = 0 < len(text) <= _LONGEST_SPELLING
        return short and chr(self._layout.separator) not in text and not _NOT_PLAIN_TEXT.search(text)

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

    def _keep_plain_text(self, block: Block, found: Scan, kept: Flags) -> None:
        """Keep the lines that are UTF-8 without non-ASCII control characters."""
        if not (found.ascii.all() or _is_plain(block.data)):
            for line in np.flatnonzero(~found.ascii).tolist():
                kept[line] &= _is_plain(block.line(found.starts, line))

    def _keep_ids(self, block: Block, found: Scan, kept: Flags) -> None:
        """Keep the lines whose ids pass the contract; only those of an unusual shape are judged by it."""
        octets = np.frombuffer(block.data, dtype=np.uint8)
        _keep_beginnings(octets, found.ids, self._tables.id_starts, self._tables.id_octets, kept)
        unusual = np.flatnonzero(kept & ~are_plain(octets, found.ids))
        if len(unusual):
            ids = [block.data[start:end].decode() for start, end in found.ids[unusual].tolist()]
            kept[unusual] = keeps_column(self._tables.schema, ID, pd.Series(ids, dtype="str"))


@compiled
def _keep_beginnings(octets: Octets, ids: Places, starts: Flags, longest: int, kept: Flags) -> None:
    """Keep the lines whose ids are neither empty nor too long, and begin as they may."""
    for row in range(len(kept)):
        if kept[row]:
            kept[row] = 0 < ids[row, 1] - ids[row, 0] <= longest and starts[octets[np.uintp(ids[row, 0])]]


def count_quirks(found: Scan) -> Counter[str]:
    """Count the quirks of the lines that were read."""
    if not found.quirks.any():
        return Counter()
    counts = found.quirks[found.read].sum(axis=0, dtype=np.int64).tolist()
    names = {PADDED: PADDED_NUMBER, RETURNS: CARRIAGE_RETURNS}
    names |= {RETURNS + number: what for number, what in enumerate(_VALUE_QUIRKS, start=1)}
    return Counter({names[place]: count for place, count in enumerate(counts)})


def _is_plain(data: bytes) -> bool:
    try:
        return CONTROL_BEYOND_ASCII.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False
