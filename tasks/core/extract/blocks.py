"""Cut a stream of bytes into blocks of whole physical lines, so that memory stays flat."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tasks.core.errors import ExtractError

BLOCK_BYTES: Final = 8 * 2**20
"""Bytes of a block: about 60,000 customers, so that what is done once a block costs little a row."""

LONGEST_LINE: Final = 64 * 2**20
"""Bytes; a file without line ends must not be read into memory whole."""


class Stream(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""


class PeekedStream:
    """A stream whose first bytes, its `head`, are known before they are read."""

    def __init__(self, stream: Stream, size: int) -> None:
        """Look at the first `size` bytes."""
        self.head = self._kept = stream.read(size)
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        if self._kept:
            data, self._kept = self._kept[:size], self._kept[size:]
            return data
        return self._stream.read(size)


@dataclass(frozen=True)
class Block:
    """Whole physical lines, each ended by LF but perhaps the last one of the file.

    `first_line` is the physical number of the first of them, counted from 1 over all files of the
    extract, `offset` the number of bytes before it in its own file.
    """

    data: bytes
    first_line: int
    offset: int

    @cached_property
    def lines(self) -> int:
        """Number of physical lines, counted by line ends alone, independently of any reader."""
        return self.data.count(b"\n") + (0 if self.data.endswith(b"\n") or not self.data else 1)

    @cached_property
    def bounds(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give where each line starts and where it ends before its LF: twice (lines,) int64."""
        ends = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) == ord("\n"))
        if len(ends) < self.lines:
            ends = np.append(ends, len(self.data))
        starts = np.concatenate([np.zeros(min(1, len(ends)), dtype=np.int64), ends[:-1] + 1])
        return starts, ends


def cut_blocks(
    stream: Stream,
    name: str,
    *,
    newline: bytes,
    offset: int,
    lines_before: int,
    skip_lines: int,
    block_bytes: int,
) -> Iterator[Block]:
    """Read the rest of a file but for its first `skip_lines` lines; a CR that ends lines becomes LF.

    `offset` bytes of the file stand before the stream, and `lines_before` lines of the extract.

    Raises:
        ExtractError: a line is longer than any customer's can be.
    """
    line, rest = lines_before + 1, b""
    last = False
    while not last:
        piece = stream.read(block_bytes)
        last = not piece
        data = rest + (piece.replace(b"\r", b"\n") if newline == b"\r" else piece)
        end = len(data) if last else data.rfind(b"\n") + 1
        if end == 0 and len(data) > LONGEST_LINE:
            raise ExtractError(
                f"extract '{name}': line {line} is longer than {LONGEST_LINE:,} bytes;"
                " expected a line a customer. Export it again."
            )
        rest = data[end:]
        block = Block(data[:end], line, offset)
        line, offset = line + block.lines, offset + end
        block = _without_first_lines(block, lines_before + skip_lines)
        if block.data:
            yield block


def _without_first_lines(block: Block, until: int) -> Block:
    start = 0
    line = block.first_line
    while line <= until and start < len(block.data):
        start = block.data.find(b"\n", start) + 1 or len(block.data)
        line += 1
    return Block(block.data[start:], line, block.offset + start)
