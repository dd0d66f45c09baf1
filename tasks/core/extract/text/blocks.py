"""Cut a stream of bytes into blocks of whole physical lines, so that memory use stays constant."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled
from tasks.core.errors import UnnamedError

BLOCK_BYTES: Final = 8 * 2**20
"""About 60,000 customers: enough to make the fixed cost of each block negligible per row."""

_LINE_FEED: Final = ord("\n")
LONGEST_LINE: Final = 64 * 2**20
"""In bytes; keeps a file without line endings from filling memory."""


class Stream(Protocol):
    """Anything with `read`."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; empty at the end."""


class PeekedStream:
    """A stream whose first bytes, its `head`, can be inspected before they are read."""

    def __init__(self, stream: Stream, size: int) -> None:
        """Peek at the first `size` bytes."""
        self.head = self._kept = stream.read(size)
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; empty at the end."""
        if self._kept:
            data, self._kept = self._kept[:size], self._kept[size:]
            return data
        return self._stream.read(size)


@dataclass(frozen=True)
class Block:
    """Whole physical lines, each ending in LF except perhaps the last one of the file.

    `first_line` is the number of the first line, counted from 1 over all files of the extract;
    `offset` is the number of bytes before it in its own file.
    """

    data: bytes
    first_line: int
    offset: int

    @cached_property
    def lines(self) -> int:
        """Number of physical lines, counted by line endings alone, independently of any reader."""
        ends: int = _count_line_feeds(np.frombuffer(self.data, dtype=np.uint8))
        return ends + (0 if self.data.endswith(b"\n") or not self.data else 1)

    def line(self, starts: npt.NDArray[np.int64], position: int) -> bytes:
        """Return the line at a position (from 0) without its LF; `starts` holds the start of every line."""
        end = int(starts[position + 1]) if position + 1 < len(starts) else len(self.data)
        return self.data[int(starts[position]) : end].removesuffix(b"\n")


def cut_blocks(
    stream: Stream,
    *,
    newline: bytes,
    offset: int,
    lines_before: int,
    skip_lines: int,
    block_bytes: int,
) -> Iterator[Block]:
    """Cut a stream into blocks, skipping `skip_lines` lines; a CR line ending becomes LF.

    The stream is preceded by `offset` bytes of the file and `lines_before` lines of the extract.

    Raises:
        UnnamedError: a line is longer than `LONGEST_LINE`.
    """
    line, rest = lines_before + 1, b""
    for piece in iter(lambda: stream.read(block_bytes), b""):
        data = piece.replace(b"\r", b"\n") if newline == b"\r" else piece
        end = data.rfind(b"\n") + 1
        if len(rest) + len(data) - end > LONGEST_LINE:
            raise UnnamedError(
                f": line {line} is longer than {LONGEST_LINE:,} bytes; expected one line per customer."
                " Export it again."
            )
        if end == 0:
            rest += data
            continue
        block = Block(b"".join((rest, memoryview(data)[:end])), line, offset)
        rest = data[end:]
        del piece, data  # only the consumer of the block should keep it in memory
        line, offset = line + block.lines, offset + len(block.data)
        if block.first_line <= lines_before + skip_lines:
            block = _without_first_lines(block, lines_before + skip_lines)
        if block.data:
            yield block
    last = _without_first_lines(Block(rest, line, offset), lines_before + skip_lines)
    if last.data:
        yield last


def _without_first_lines(block: Block, until: int) -> Block:
    start, line = 0, block.first_line
    while line <= until and start < len(block.data):
        start = block.data.find(b"\n", start) + 1 or len(block.data)
        line += 1
    return Block(block.data[start:], line, block.offset + start)


@compiled
def _count_line_feeds(octets: Octets) -> int:
    count = 0
    for octet in octets:
        count += octet == _LINE_FEED
    return count
