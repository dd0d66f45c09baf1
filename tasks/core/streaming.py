"""Score an extract of any size: blocks in, rows of scores.csv out, in order, memory flat.

Blocks are read and scored by several threads; only the caller's thread counts, spills and writes.
Repeats of a customer can be told apart only at the end, so their rows are then taken out again.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from tasks.core.delivery import Delivery
from tasks.core.errors import ExtractError
from tasks.core.extract.block_reader import Part
from tasks.core.extract.blocks import BLOCK_BYTES, Block
from tasks.core.extract.reading import Findings, Reading
from tasks.core.extract.repeats import Lines
from tasks.core.files import flush_to_disk, open_new, spill_file
from tasks.core.scores_csv import HEADER
from tasks.core.scoring import Rows, Scorer

_FIELDS_AFTER_ID: Final = HEADER.count(b",")
_FLAG, _IN_DOMAIN = 2, -2
"""Places of churn_flag and in_domain among a row's fields, the id being one of them."""


@dataclass(frozen=True)
class Progress:
    """How far a stream is: `done` of `total` bytes, `rows` accepted so far."""

    done: int
    total: int
    rows: int


@dataclass(frozen=True)
class Totals:
    """Customers in scores.csv, and how many of them are flagged or out of the domain."""

    scored: int
    flagged: int
    out_of_domain: int


def score_stream(
    sent: Delivery,
    reading: Reading,
    scorer: Scorer,
    scores: Path,
    *,
    threads: int,
    on_block: Callable[[Progress], None],
    block_bytes: int = BLOCK_BYTES,
) -> tuple[Findings, Totals]:
    """Score a delivery into the new file `scores`; the same bytes whatever `threads` and `block_bytes`.

    What must be remembered of every row is spilled beside `scores`.

    Raises:
        ExtractError: the extract breaks the contract as a whole, or changed while it was read.
        BundleError: a probability is not a number within 0 and 1.
    """

    def score_block(block: Block) -> _Scored:
        part = reading.read(block)
        return _Scored(
            part=replace(part, customers=()),
            lines=np.concatenate([piece.index.to_numpy(dtype=np.int64) for piece in part.customers]),
            rows=[scorer.rows(piece) for piece in part.customers],
            done=block.offset + len(block.data),
        )

    totals = Totals(0, 0, 0)
    written: list[tuple[int, int]] = []
    with sent.open() as stream, open_new(scores) as file, spill_file(scores.parent) as lines:
        file.write(HEADER)
        for scored in _in_order(score_block, reading.blocks(stream, block_bytes), threads):
            reading.add(scored.part)
            size = sum(file.write(rows.csv) for rows in scored.rows)
            lines.write(scored.lines.tobytes())
            written.append((len(scored.lines), size))
            totals = Totals(
                totals.scored + len(scored.lines),
                totals.flagged + sum(rows.flagged for rows in scored.rows),
                totals.out_of_domain + sum(rows.out_of_domain for rows in scored.rows),
            )
            flush_to_disk(file)  # now, while the threads compute, and not all of it at the end
            on_block(Progress(scored.done, sent.size, totals.scored))
        if stream.sha256 != sent.sha256:
            raise ExtractError(f"extract '{reading.name}' changed while it was read. Run again.")
        findings = reading.finish()
        if findings.counts.accepted != totals.scored:
            lines.seek(0)
            totals = _take_out(scores, written, lines, reading.taken_out(findings.repeats), totals)
    return findings, totals


@dataclass(frozen=True)
class _Scored:
    """A block's part without its customers, the lines of those, their rows, and bytes read so far."""

    part: Part
    lines: Lines
    rows: list[Rows]
    done: int


def _in_order(work: Callable[[Block], _Scored], blocks: Iterator[Block], threads: int) -> Iterator[_Scored]:
    """Give each block's result in the order of the blocks; no more are under way than there are threads."""
    waiting: deque[Future[_Scored]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="score") as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(work, block))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


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
            if not len(gone):
                new.write(text)
                continue
            leave = np.isin(of_row, gone)
            for leaves, row in zip(leave, text.splitlines(keepends=True), strict=True):
                if leaves:
                    fields = row.rsplit(b",", _FIELDS_AFTER_ID)
                    totals = replace(
                        totals,
                        scored=totals.scored - 1,
                        flagged=totals.flagged - int(fields[_FLAG]),
                        out_of_domain=totals.out_of_domain - 1 + int(fields[_IN_DOMAIN]),
                    )
                else:
                    new.write(row)
    shorter.replace(scores)
    return totals
