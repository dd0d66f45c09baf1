"""Score an extract of any size: blocks in, rows of scores.csv out, in order, with constant memory.

Several threads read, score and write blocks; the caller's thread shows progress and syncs to disk.
Duplicate customers are known only at the end, so their rows are removed from scores.csv afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from tasks.core.bundle.scorer import Rows, Scorer
from tasks.core.bundle.scores_csv import HEADER, row_bounds
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.objections import Objections
from tasks.core.engine.turns import Turns
from tasks.core.extract.reader.file_reader import SourceReader
from tasks.core.extract.text.blocks import BLOCK_BYTES, Block
from tasks.core.extract.whole.duplicates import NO_LINES, Lines
from tasks.core.extract.whole.whole_extract import Findings, Judged, Reading, judged
from tasks.core.intake.delivery import Texts
from tasks.core.storage.atomic import flush_to_disk, open_new
from tasks.core.storage.spill import spill_file

_FIELDS_AFTER_ID: Final = HEADER.count(b",")
_FLAG, _IN_DOMAIN = 2, -2
"""Positions of churn_flag and in_domain among a row's fields, counting the id."""


@dataclass(frozen=True)
class Progress:
    """A stream's progress: the `share` read, from 0 to 1, and the `rows` accepted so far."""

    share: float
    rows: int


@dataclass(frozen=True)
class Totals:
    """Customers in scores.csv, and how many of them are flagged or out of domain."""

    scored: int
    flagged: int
    out_of_domain: int


@dataclass(frozen=True)
class ScoredBlock:
    """A block's result: what the whole extract needs, and the accepted `lines` with their rows."""

    judged: Judged
    lines: Lines
    rows: Rows


def score_blocks(
    blocks: Iterator[tuple[SourceReader, Block]],
    scorer: Scorer,
    add: Callable[[ScoredBlock], None],
    *,
    objections: Objections | None,
    threads: int,
    on_added: Callable[[], None],
) -> None:
    """Read and score blocks, and add them in order, with at most as many in memory as there are threads.

    Customers who objected are not encoded. This thread calls `on_added` when blocks have been added, and at
    the end.

    Raises:
        ExtractError: the extract, or a file of it, breaks the contract.
        BundleError: a probability is not a number within 0 and 1.
    """

    def score(item: tuple[SourceReader, Block]) -> ScoredBlock:
        reader, block = item
        part = reader.read(block)
        customers, objected = _without_objectors(part.customers, objections)
        return ScoredBlock(judged(reader, block, part, objected), customers.lines, scorer.rows(customers))

    Turns(blocks, score, add).run(threads=threads, on_given=on_added)


def _without_objectors(customers: Accepted, objections: Objections | None) -> tuple[Accepted, Lines]:
    """Return the customers who did not object, and the lines of the others."""
    if not objections:
        return customers, NO_LINES
    objected = objections.among(customers)
    return (
        (customers.where(~objected), customers.lines[objected]) if objected.any() else (customers, NO_LINES)
    )


class Gathering:
    """Assembles an extract's scores block by block; the output does not depend on how it was split."""

    def __init__(self, reading: Reading, scores: Path, file: BinaryIO, lines: BinaryIO) -> None:
        """Begin `file`, which is open at `scores`, and spill into `lines`."""
        self._reading, self._scores, self._file, self._lines = reading, scores, file, lines
        self._written: list[tuple[int, int]] = []
        self._totals = Totals(0, 0, 0)
        file.write(HEADER)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._totals.scored

    def add(self, block: ScoredBlock) -> None:
        """Add the extract's next block."""
        self._reading.add(block.judged)
        self._file.write(block.rows.csv)
        self._lines.write(block.lines.tobytes())
        self._written.append((len(block.lines), len(block.rows.csv)))
        self._totals = Totals(
            self._totals.scored + len(block.lines),
            self._totals.flagged + block.rows.flagged,
            self._totals.out_of_domain + block.rows.out_of_domain,
        )

    def flush(self) -> None:
        """Sync the rows written so far to disk, so that not all of it is left for the end."""
        flush_to_disk(self._file)

    def finish(self) -> tuple[Findings, Totals]:
        """Check the extract as a whole and remove duplicates from its scores.

        Raises:
            ExtractError: the extract breaks the contract as a whole.
        """
        findings = self._reading.finish()
        totals = self._totals
        if findings.counts.accepted != totals.scored:
            self._file.flush()
            self._lines.seek(0)
            taken_out = self._reading.taken_out(findings.repeats)
            totals = _take_out(self._scores, self._written, self._lines, taken_out, totals)
        return findings, totals


@contextmanager
def gathering_into(scores: Path, reading: Reading) -> Iterator[Gathering]:
    """Gather into the new file `scores`; per-row data that must be kept is spilled next to it."""
    with open_new(scores) as file, spill_file(scores.parent) as lines:
        yield Gathering(reading, scores, file, lines)


def score_stream(
    texts: Texts,
    reading: Reading,
    scorer: Scorer,
    scores: Path,
    *,
    threads: int,
    on_block: Callable[[Progress], None],
    objections: Objections | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> tuple[Findings, Totals]:
    """Score an extract into the new file `scores`; the output does not depend on `threads` or `block_bytes`.

    Raises:
        ExtractError: the extract breaks the contract as a whole, or changed while it was read.
        BundleError: a probability is not a number within 0 and 1.
    """
    with gathering_into(scores, reading) as gathering:

        def on_added() -> None:
            gathering.flush()
            on_block(Progress(texts.share, gathering.rows))

        with closing(reading.blocks(texts, block_bytes)) as blocks:
            score_blocks(
                blocks, scorer, gathering.add, objections=objections, threads=threads, on_added=on_added
            )
        return gathering.finish()


def _take_out(
    scores: Path,
    written: list[tuple[int, int]],
    lines: BinaryIO,
    taken_out: Iterator[Lines],
    totals: Totals,
) -> Totals:
    """Rewrite scores.csv without some rows, block by block."""
    shorter = scores.with_name(f"{scores.name}.shorter")
    with scores.open("rb") as old, open_new(shorter) as new:
        new.write(old.read(len(HEADER)))
        for (rows, size), gone in zip(written, taken_out, strict=True):
            text = old.read(size)
            of_row = np.frombuffer(lines.read(rows * np.dtype(np.int64).itemsize), dtype=np.int64)
            kept_from = 0
            written_rows = np.flatnonzero(np.isin(of_row, gone))  # customers who objected have none
            for start, end in row_bounds(text, written_rows):
                fields = text[start:end].rsplit(b",", _FIELDS_AFTER_ID)
                totals = replace(
                    totals,
                    scored=totals.scored - 1,
                    flagged=totals.flagged - int(fields[_FLAG]),
                    out_of_domain=totals.out_of_domain - 1 + int(fields[_IN_DOMAIN]),
                )
                new.write(text[kept_from:start])
                kept_from = end
            new.write(text[kept_from:])
    shorter.replace(scores)
    return totals
