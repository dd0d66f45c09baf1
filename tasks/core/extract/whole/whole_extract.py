"""Judge a whole extract block by block; lines are numbered across all of its files."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from schemas.config import IngestConfig
from schemas.quarantine_reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.contract.column_names import named
from tasks.core.contract.personal_data import judged_columns, personal_fault
from tasks.core.contract.quirks import EMPTY_PART
from tasks.core.contract.vocabulary import check_value_maps
from tasks.core.errors import naming, shown
from tasks.core.extract.reader import refusals
from tasks.core.extract.reader.block_reader import Purpose, ReadBlock, wanted_columns
from tasks.core.extract.reader.file_reader import Header, SourceReader
from tasks.core.extract.reader.row_keys import Keys
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.blocks import BLOCK_BYTES, Block, PeekedStream, Stream
from tasks.core.extract.text.dialect import empty, is_void
from tasks.core.extract.whole.duplicates import NO_LINES, Lines, RepeatFinder, Repeats
from tasks.core.extract.whole.fault_spool import (
    FaultRecords,
    FaultSpool,
    count_faults,
    fault_frame,
    fault_records,
)
from tasks.core.extract.whole.file_tallies import FileTallies
from tasks.core.extract.whole.objected_lines import ObjectedLines

_FAULTS_AT_ONCE: Final = 2**14
"""Faults per frame written to quarantine.csv; blocks have few faults, and every frame is validated."""

HEAD_BYTES: Final = 2**20
"""Bytes read to detect a file's dialect and header."""


@dataclass(frozen=True)
class Findings:
    """Results that need the whole extract: `counts` that reconcile, and the `repeats`.

    `faults_by_place` counts faults by column and reason, `signed_ids` the ids that start with a sign,
    `quirks` what was read although it is not written as the contract does.
    """

    counts: RowCounts
    simulated: bool
    repeats: Repeats
    faults_by_place: Counter[tuple[str, str]]
    signed_ids: int
    quirks: Counter[str]


@dataclass(frozen=True)
class Judged:
    """The part of a block's result that the whole extract needs.

    `header` belongs to the block's file, and `last_line` is the block's last physical line. `objected` are
    the lines of valid rows whose customers objected.
    """

    header: Header
    last_line: int
    keys: Keys
    faults: FaultRecords
    tally: Tally
    objected: Lines


def judged(reader: SourceReader, block: Block, part: ReadBlock, objected: Lines = NO_LINES) -> Judged:
    """Reduce a block's result to what the whole extract needs."""
    last_line = block.first_line + block.lines - 1
    return Judged(reader.header, last_line, part.keys, fault_records(part.faults), part.tally, objected)


class Reading:
    """An extract being read: cut `blocks`, read each with its reader, `add` them in order, `finish`.

    Only the readers may run in several threads.
    """

    def __init__(self, name: str, purpose: Purpose, config: IngestConfig, spill: Path | None = None) -> None:
        """Start reading an extract called `name`; control characters in the name are replaced.

        Data that grows with the extract is spilled to unnamed files in the folder `spill`, if given.

        Raises:
            ConfigError: an alias or value map of the config cannot be applied.
        """
        self.name = shown(name)
        check_value_maps(config)
        self._config = config
        self._purpose: Purpose = purpose
        self.wanted = wanted_columns(purpose)
        self._files = FileTallies()
        self._parts: Counter[bool] = Counter()
        self._repeats = RepeatFinder(spill)
        self._faults = FaultSpool(spill)
        self._objected = ObjectedLines(spill)

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """Names of columns that were not read, or their position if the name might be a value."""
        columns = enumerate(zip(self._files.names, self._files.known, strict=True), start=1)
        return tuple(
            named(name, place) for place, (name, column) in columns if name and column not in self.wanted
        )

    def blocks(
        self, texts: Iterable[tuple[str, Stream]], block_bytes: int = BLOCK_BYTES
    ) -> Generator[tuple[SourceReader, Block], None, None]:
        """Cut an extract's files, given by name and text, into blocks, each with its reader.

        Raises:
            ExtractError: a file or its header breaks the contract, or a line is too long.
        """
        lines = 0
        for name, text in texts:
            with naming(name):
                stream = PeekedStream(text, HEAD_BYTES)
                self.count_part(void=is_void(stream.head))
                if is_void(stream.head):
                    continue
                reader = SourceReader(stream.head, name, self._purpose, self._config)
                before, lines = lines, lines + reader.header_line
                for block in reader.blocks(stream, block_bytes, lines_before=before):
                    yield reader, block
                    lines = block.first_line + block.lines - 1

    def count_part(self, *, void: bool) -> None:
        """Count a file, or a partition, that is about to be added; a `void` one has no content."""
        self._parts[void] += 1

    def add(self, block: Judged) -> None:
        """Add a block; blocks must come in line order."""
        self._files.add(block.header, block.tally)
        self._repeats.add(block.keys)
        self._faults.add(block.faults, last_line=block.last_line)
        self._objected.add(block.objected)

    def finish(self) -> Findings:
        """Judge the whole extract after its last block.

        Raises:
            ExtractError: the whole extract breaks the contract; carries the quarantine if rows were judged.
        """
        with naming(self.name):
            return self._finish()

    def quarantine(self, repeats: Repeats) -> Iterator[pd.DataFrame]:
        """Yield the rows of quarantine.csv in batches: `line`, `column`, `reason`, `hint`."""
        held: list[FaultRecords] = []
        for records, _ in self._faults.blocks(repeats):
            held.append(records)
            if sum(map(len, held)) > _FAULTS_AT_ONCE:
                yield _hinted(held)
                held = []
        if held:
            yield _hinted(held)

    def taken_out(self, repeats: Repeats) -> Iterator[Lines]:
        """Yield the lines of valid rows that repeats remove, block by block."""
        for _, lines in self._faults.blocks(repeats):
            yield lines

    def close(self) -> None:
        """Release the spill files."""
        self._repeats.close()
        self._faults.close()
        self._objected.close()

    def _finish(self) -> Findings:
        if not self._parts[False]:
            raise empty()
        self._files.end_file()
        tally = self._files.whole
        tally.quirks[EMPTY_PART] += self._parts[True]
        refusals.refuse_no_rows(tally)
        names, known = tuple(self._files.names), self._files.known
        searched = judged_columns(names, known, self._config.allow_personal_columns)
        personal = personal_fault(names, known, searched, tally.personal, tally.searched)
        repeats = self._repeats.find()
        by_place: Counter[tuple[str, str]] = Counter()
        quarantined = removed = 0
        for faults, taken_out in self._faults.blocks(repeats):
            by_place.update(count_faults(faults))
            quarantined += len(np.unique(faults["line"]))
            removed += len(taken_out)
        objected = self._objected.count(repeats)
        limit = self._config.max_quarantined_share
        counts = RowCounts(
            received=tally.received,
            accepted=tally.accepted - removed - objected,
            quarantined=quarantined,
            exact_duplicates=len(repeats.duplicates),
            blank_lines=tally.blank,
            objected=objected,
        )
        refusals.refuse_lost_lines(counts)
        refusals.refuse_whole(tally, counts, by_place, self.quarantine(repeats), self.wanted, limit, personal)
        return Findings(counts, tally.simulated > 0, repeats, by_place, tally.signed, +tally.quirks)


def _hinted(held: list[FaultRecords]) -> pd.DataFrame:
    faults = fault_frame(np.concatenate(held))
    return faults.assign(hint=faults["reason"].map(HINTS).astype("str"))
