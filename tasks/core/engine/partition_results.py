"""Score partitions on any machine, and merge their results on one.

Scoring a partition writes its result to a file of its own and nothing else, so it can be repeated at any
time; `gather` writes the same bytes as if one machine had read the whole extract.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import uuid4

import numpy as np

from schemas.config import IngestConfig
from tasks.core.bundle.scorer import Rows, Scorer
from tasks.core.contract.objections import Objections
from tasks.core.engine.partitions import Partition
from tasks.core.engine.stream import Progress, ScoredBlock, Totals, gathering_into, score_blocks
from tasks.core.errors import PublishError
from tasks.core.extract.reader.file_reader import Header, SourceReader
from tasks.core.extract.reader.row_keys import KEY
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.blocks import BLOCK_BYTES, PeekedStream, Stream
from tasks.core.extract.text.dialect import is_void
from tasks.core.extract.whole.fault_spool import FAULT
from tasks.core.extract.whole.whole_extract import HEAD_BYTES, Findings, Judged, Reading
from tasks.core.intake.delivered_file import DeliveredFile
from tasks.core.intake.delivery import changed
from tasks.core.intake.formats import open_text
from tasks.core.storage.atomic import open_new

_LINE: Final = np.dtype("<i8")


@dataclass(frozen=True)
class RecordedBlock:
    """Sizes of one recorded block: bytes of `csv`, item counts of the others; lines count from 1."""

    last_line: int
    csv: int
    accepted: int
    keys: int
    faults: int
    objected: int
    flagged: int
    out_of_domain: int


@dataclass(frozen=True)
class Recorded:
    """One partition's result: counts here, rows in the file `name` in the shared folder.

    `lines` counts all physical lines in the partition, including the header; a part without any content has
    no header.
    """

    name: str
    header: Header | None
    lines: int
    tally: Tally
    blocks: tuple[RecordedBlock, ...]


class Recordings(Protocol):
    """The results for all of an extract's partitions, in order; the last ones may still be pending."""

    def __len__(self) -> int:
        """Return the number of partitions."""

    def __iter__(self) -> Iterator[Recorded]:
        """Iterate from the first partition; may be repeated."""


def score_partition(
    partition: Partition,
    scorer: Scorer,
    config: IngestConfig,
    folder: Path,
    *,
    objections: Objections | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Recorded:
    """Score a partition into a new file in `folder`.

    Raises:
        ExtractError: the file or its header breaks the contract, or changed since it was partitioned.
        BundleError: a probability is not a number within 0 and 1.
    """
    source = partition.source
    name = uuid4().hex  # another attempt at the same partition may still be writing
    blocks, tally, lines, header = [], Tally(), 0, None
    with source.open() as file, open_new(folder / name) as record:
        opened = _open(partition, file, config)
        if opened is not None:
            text, reader = opened
            header = reader.header
            cut = reader.blocks(text, block_bytes, offset=partition.start)
            lines = 0 if partition.start else reader.header_line

            def add(block: ScoredBlock) -> None:
                blocks.append(_record(block, record))
                tally.add(block.judged.tally)

            each_block = ((reader, block) for block in cut)
            score_blocks(each_block, scorer, add, objections=objections, threads=1, on_added=lambda: None)
            lines = blocks[-1].last_line if blocks else lines
        if file.sha256 != partition.sha256:
            raise changed()
    return Recorded(name, header, lines, tally, tuple(blocks))


def gather(
    partitions: Recordings,
    folder: Path,
    reading: Reading,
    scores: Path,
    *,
    on_partition: Callable[[Progress], None],
) -> tuple[Findings, Totals]:
    """Merge an extract's partitions, in order, into the new file `scores`.

    Raises:
        ExtractError: the extract breaks the contract as a whole.
        PublishError: a partition's result is missing or incomplete on this machine.
    """
    lines = 0
    with gathering_into(scores, reading) as gathering:
        for done, recorded in enumerate(partitions, start=1):
            reading.count_part(void=recorded.header is None)
            for block in _replay(recorded, folder, lines):
                gathering.add(block)
            lines += recorded.lines
            on_partition(Progress(done / len(partitions), gathering.rows))
        return gathering.finish()


def _open(
    partition: Partition, file: DeliveredFile, config: IngestConfig
) -> tuple[Stream, SourceReader] | None:
    """Open a partition as text, and read its file's header; None if the file has no content."""
    source = partition.source
    file.seek(partition.start)
    text: Stream = _UpTo(file, partition.end - partition.start)  # of a CSV file: no other is cut
    if partition.end == source.size:  # read on to the end, to notice whether the file grew
        text = open_text(file, source.kind, config)
    if not partition.start:
        text = peeked = PeekedStream(text, HEAD_BYTES)
        if is_void(peeked.head):
            return None
        return text, SourceReader(peeked.head, source.name, "scoring", config)
    with source.open() as beginning:
        return text, SourceReader(beginning.read(HEAD_BYTES), source.name, "scoring", config)


class _UpTo:
    """The first bytes of a stream."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; empty at the end."""
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data


def _record(block: ScoredBlock, file: BinaryIO) -> RecordedBlock:
    judged, rows = block.judged, block.rows
    arrays = (block.lines, judged.keys, judged.faults, judged.objected)
    file.writelines((rows.csv, *(each.tobytes() for each in arrays)))
    return RecordedBlock(
        last_line=judged.last_line,
        csv=len(rows.csv),
        accepted=len(block.lines),
        keys=len(judged.keys),
        faults=len(judged.faults),
        objected=len(judged.objected),
        flagged=rows.flagged,
        out_of_domain=rows.out_of_domain,
    )


def _replay(recorded: Recorded, folder: Path, lines_before: int) -> Iterator[ScoredBlock]:
    """Read back a partition's result, with line numbers counted over the whole extract."""
    if recorded.header is None:
        return
    tally = recorded.tally
    with (folder / recorded.name).open("rb") as file:
        for block in recorded.blocks:
            csv = _exactly(file, block.csv)
            lines = np.frombuffer(_exactly(file, block.accepted * _LINE.itemsize), dtype=_LINE)
            keys = np.frombuffer(_exactly(file, block.keys * KEY.itemsize), dtype=KEY).copy()
            faults = np.frombuffer(_exactly(file, block.faults * FAULT.itemsize), dtype=FAULT).copy()
            objected = np.frombuffer(_exactly(file, block.objected * _LINE.itemsize), dtype=_LINE)
            keys["line"] += lines_before
            faults["line"] += lines_before
            yield ScoredBlock(
                Judged(
                    recorded.header,
                    block.last_line + lines_before,
                    keys,
                    faults,
                    tally,
                    objected + lines_before,
                ),
                lines + lines_before,
                Rows(csv, block.flagged, block.out_of_domain),
            )
            tally = Tally()  # the partition's is counted once


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise PublishError(
            "a worker's result is incomplete on this machine. Put CHURN_HOME on a file system that all"
            " machines share consistently."
        )
    return data
