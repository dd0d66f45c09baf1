"""Read one file of an extract, by its own header: a folder's parts may be written differently."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.config import IngestConfig
from tasks.core.contract.vocabulary import contract_names
from tasks.core.errors import naming, shown
from tasks.core.extract.reader import refusals
from tasks.core.extract.reader.block_reader import BlockReader, Part, Purpose, wanted_columns
from tasks.core.extract.text.blocks import Block, Stream, cut_blocks
from tasks.core.extract.text.dialect import recognise


@dataclass(frozen=True)
class Header:
    """The header of the file called `name`: its column names as sent, and the contract's they stand for."""

    name: str
    sent: tuple[str, ...]
    known: tuple[str | None, ...]


class SourceReader:
    """Cuts one file into `blocks` and can `read` each of them, also in several threads."""

    def __init__(self, head: bytes, name: str, purpose: Purpose, config: IngestConfig) -> None:
        """Recognise the first bytes of the file called `name`, whose control characters are replaced.

        Raises:
            UnnamedError: the file or its header breaks the contract; the message names the way out.
        """
        self._dialect = recognise(head)
        known = contract_names(self._dialect.header, config)
        refusals.refuse_header(self._dialect.header, known, wanted_columns(purpose))
        self.header = Header(shown(name), self._dialect.header, tuple(known))
        self._reader = BlockReader(self._dialect, known, purpose, config)

    @property
    def newline(self) -> bytes:
        """What ends a line."""
        return self._dialect.newline

    @property
    def header_line(self) -> int:
        """The physical line of the header."""
        return self._dialect.header_line

    def blocks(
        self, stream: Stream, block_bytes: int, *, offset: int = 0, lines_before: int = 0
    ) -> Iterator[Block]:
        """Cut a file, or what follows its first `offset` bytes, into blocks of whole lines.

        `lines_before` lines of the extract are counted before those of the stream.

        Raises:
            UnnamedError: a line is longer than any customer's can be.
        """
        whole = offset == 0
        if whole:
            stream.read(self._dialect.offset)
        return cut_blocks(
            stream,
            newline=self._dialect.newline,
            offset=self._dialect.offset if whole else offset,
            lines_before=lines_before,
            skip_lines=self._dialect.header_line if whole else 0,
            block_bytes=block_bytes,
        )

    def read(self, block: Block) -> Part:
        """Read a block: its customers are accepted but for repeats, which the whole extract shows.

        The file is named here: where a thread reads the block, nobody else knows which file it is of.
        """
        with naming(self.header.name):
            return self._reader.read(block)
