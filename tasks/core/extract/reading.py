"""Read a CRM extract: accepted customers and quarantine out, every line accounted for."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from schemas.config import IngestConfig
from schemas.manifest import ExtractIdentity
from schemas.reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.errors import shown
from tasks.core.extract import refusals
from tasks.core.extract.block_reader import BlockReader, Part, Purpose, wanted_columns
from tasks.core.extract.blocks import BLOCK_BYTES, Block, Stream, cut_blocks
from tasks.core.extract.dialect import recognise
from tasks.core.extract.faults import FaultSpool
from tasks.core.extract.folding import VOCABULARY, check_value_maps, contract_names
from tasks.core.extract.personal import judged_columns, refuse_personal_columns
from tasks.core.extract.repeats import Lines, RepeatFinder, Repeats
from tasks.core.extract.tally import Tally

HEAD_BYTES: Final = 2**20
"""Bytes from which an extract's dialect and header are recognised."""


@dataclass(frozen=True)
class Findings:
    """What only the whole extract can tell.

    `repeats` have been found, `counts` reconcile, and `faults_by_place` counts the faults of each
    column and reason.
    """

    counts: RowCounts
    simulated: bool
    repeats: Repeats
    faults_by_place: Counter[tuple[str, str]]


class Reading:
    """One extract being read: cut `blocks`, `read` each, `add` what it holds in order, `finish`.

    `read` may run in several threads; the rest may not.
    """

    def __init__(
        self, head: bytes, name: str, purpose: Purpose, config: IngestConfig, spill: Path | None = None
    ) -> None:
        """Recognise the first bytes of an extract called `name`, whose control characters are replaced.

        What grows with the extract is spilled to unnamed files in the folder `spill`, if one is given.

        Raises:
            ExtractError: the file or its header breaks the contract; the message names the way out.
            ConfigError: an alias or value map of the config cannot be applied.
        """
        self.name = shown(name)
        check_value_maps(config)
        self._config = config
        self._dialect = recognise(head, self.name)
        self._known = contract_names(self._dialect.header, config)
        self.wanted = wanted_columns(purpose)
        refusals.refuse_header(self._dialect.header, self._known, self.wanted, self.name)
        self._reader = BlockReader(self._dialect, self._known, purpose, config)
        self._tally = Tally()
        self._repeats = RepeatFinder(spill)
        self._faults = FaultSpool(spill)
        self._last_line = self._dialect.header_line

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """Names of columns that are not read, as sent."""
        pairs = zip(self._dialect.header, self._known, strict=True)
        return tuple(sent for sent, column in pairs if sent and column not in self.wanted)

    def blocks(self, stream: Stream, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Cut the extract into blocks of whole lines.

        Raises:
            ExtractError: a line is longer than any customer's can be.
        """
        return cut_blocks(
            stream,
            self.name,
            newline=self._dialect.newline,
            skip_bytes=self._dialect.offset,
            skip_lines=self._dialect.header_line,
            block_bytes=block_bytes,
        )

    def read(self, block: Block) -> Part:
        """Read a block: its customers are accepted but for repeats, which `finish` finds."""
        return self._reader.read(block)

    def add(self, part: Part) -> None:
        """Count a part in; parts come in the order of their lines."""
        self._tally.add(part.tally)
        self._repeats.add(part.keys)
        self._last_line += part.tally.received
        self._faults.add(part.faults, last_line=self._last_line)

    def finish(self) -> Findings:
        """Judge the whole extract after its last block.

        Raises:
            ExtractError: it breaks the contract as a whole; carries the quarantine if rows were judged.
        """
        name, tally = self.name, self._tally
        refusals.refuse_wrong_width(tally, len(self._dialect.header), name)
        refusals.refuse_wrong_encoding(tally, name)
        refusals.refuse_no_rows(tally, name)
        header, known = self._dialect.header, self._known
        judged = judged_columns(header, known, self._config.allow_personal_columns)
        refuse_personal_columns(header, known, judged, tally.personal, tally.searched, name)
        refusals.refuse_blank_columns(tally, self.wanted, name)
        refusals.refuse_foreign_vocabulary(
            tally, [column for column in self.wanted if column in VOCABULARY], name
        )
        repeats = self._repeats.find()
        by_place: Counter[tuple[str, str]] = Counter()
        quarantined = removed = 0
        for faults, taken_out in self._faults.blocks(repeats):
            by_place.update(zip(faults["column"], faults["reason"], strict=True))
            quarantined += faults["line"].nunique()
            removed += len(taken_out)
        counts = RowCounts(
            received=tally.received,
            accepted=tally.accepted - removed,
            quarantined=quarantined,
            exact_duplicates=len(repeats.duplicates),
            blank_lines=tally.blank,
        )
        refusals.refuse_lost_lines(counts, name)
        refusals.refuse_too_many_bad(
            counts, by_place, self.quarantine(repeats), self._config.max_quarantined_share, name
        )
        refusals.refuse_mixed_origin(tally, name)
        return Findings(counts, tally.simulated > 0, repeats, by_place)

    def quarantine(self, repeats: Repeats) -> Iterator[pd.DataFrame]:
        """Give the rows of quarantine.csv, block by block: `line`, `column`, `reason`, `hint`."""
        for faults, _ in self._faults.blocks(repeats):
            yield faults.assign(hint=faults["reason"].map(HINTS).astype("str"))

    def taken_out(self, repeats: Repeats) -> Iterator[Lines]:
        """Give the lines of accepted rows that repeats take out, block by block."""
        for _, lines in self._faults.blocks(repeats):
            yield lines

    def close(self) -> None:
        """Free what was spilled."""
        self._repeats.close()
        self._faults.close()


@dataclass(frozen=True)
class Extract:
    """An extract that keeps the contract, in memory.

    `customers` has a row an accepted customer, in the file's order: `customerID` and category
    columns as canonical text, number columns as float64 (`TotalCharges` NaN where it was blank),
    and `Churn` for training; its index is the physical line. `quarantine` has a row a fault:
    `line`, `column`, `reason`, `hint`. `extract_id` is the first 16 hex digits of the bytes' SHA-256.
    """

    name: str
    extract_id: str
    sha256: str
    simulated: bool
    customers: pd.DataFrame
    quarantine: pd.DataFrame
    counts: RowCounts
    ignored_columns: tuple[str, ...]

    @property
    def identity(self) -> ExtractIdentity:
        """Say which extract something was made from, without its file name."""
        return ExtractIdentity(
            extract_id=self.extract_id,
            sha256=self.sha256,
            simulated=self.simulated,
            counts=self.counts,
        )


def read_extract(data: bytes, name: str, purpose: Purpose, config: IngestConfig) -> Extract:
    """Read and judge the bytes of an extract called `name`, as a whole.

    Raises:
        ExtractError: the extract as a whole breaks the contract; the message names the way out.
        ConfigError: an alias or value map of the config cannot be applied.
    """
    reading = Reading(data[:HEAD_BYTES], name, purpose, config)
    with closing(reading):
        customers = []
        for block in reading.blocks(io.BytesIO(data)):
            part = reading.read(block)
            customers += [piece[reading.wanted] for piece in part.customers]
            reading.add(part)
        findings = reading.finish()
        accepted = pd.concat(customers)
        for lines in reading.taken_out(findings.repeats):
            if len(lines):
                accepted = accepted.drop(index=lines.tolist())
        accepted = accepted.astype({column: "str" for column in reading.wanted if column in VOCABULARY})
        quarantine = pd.concat(reading.quarantine(findings.repeats), ignore_index=True)
    if purpose == "training":
        refusals.refuse_unlearnable(accepted, config.min_training_rows, reading.name)
    digest = hashlib.sha256(data).hexdigest()
    return Extract(
        name=reading.name,
        extract_id=digest[:16],
        sha256=digest,
        simulated=findings.simulated,
        customers=accepted,
        quarantine=quarantine,
        counts=findings.counts,
        ignored_columns=reading.ignored_columns,
    )
