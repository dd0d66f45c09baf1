"""Split an extract into partitions that can be scored on any machine and in any order.

A partition is one of the extract's files, or a byte range of a plain CSV file cut at line ends.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.core.extract.text.blocks import BLOCK_BYTES
from tasks.core.extract.text.dialect import newline_of
from tasks.core.extract.whole.whole_extract import HEAD_BYTES
from tasks.core.intake.delivery import Delivery, Source, changed


@dataclass(frozen=True)
class Partition:
    """The bytes from `start` up to `end` of a file, with their SHA-256."""

    source: Source
    start: int
    end: int
    sha256: str


def cut_partitions(delivery: Delivery, partition_bytes: int) -> list[Partition]:
    """Split an extract; a header must be within the first `partition_bytes` of its file.

    Raises:
        ExtractError: the extract changed since it was identified.
        ConfigError: the operator's path cannot be read.
    """
    partitions: list[Partition] = []
    for source in delivery.sources:
        if source.kind == "csv" and source.size > partition_bytes:
            partitions += _ranges(source, partition_bytes)
        else:
            partitions.append(Partition(source, 0, source.size, source.sha256))
    return partitions


def _ranges(source: Source, partition_bytes: int) -> Iterator[Partition]:
    """Split a file at the first line end after every `partition_bytes`."""
    with source.open() as file:
        start = before = 0
        newline = b""
        digest = hashlib.sha256()
        while piece := file.read(BLOCK_BYTES):
            newline = newline or newline_of(piece[:HEAD_BYTES])
            done = 0
            while end := piece.find(newline, max(done, start + partition_bytes - 1 - before)) + 1:
                digest.update(piece[done:end])
                yield Partition(source, start, before + end, digest.hexdigest())
                start, done, digest = before + end, end, hashlib.sha256()
            digest.update(piece[done:])
            before += len(piece)
        if before > start:
            yield Partition(source, start, before, digest.hexdigest())
        if file.sha256 != source.sha256:
            raise changed()
