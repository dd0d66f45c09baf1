"""Read one of an extract's files using its own header: files in a folder may be written differently."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.config import IngestConfig
from tasks.core.contract.vocabulary import contract_names
from tasks.core.errors import naming, shown
from tasks.core.extract.reader.block_reader import BlockReader, Purpose, ReadBlock, contract, wanted_columns
from tasks.core.extract.reader.header_faults import refuse_header
from tasks.core.extract.text.blocks import Block, Stream, cut_blocks
from tasks.core.extract.text.dialect import recognise


@dataclass(frozen=True)
class Header:
    """Header of the file `name`: column names as sent, and the contract's columns that they map to.

    `quirks` lists what was skipped above it.
    """

    name: str
    names: tuple[str, ...]
    known: tuple[str | None, ...]
    quirks: tuple[str, ...] = ()


class SourceReader:
    """Cuts one file into `blocks` and reads each of them; `read` may run in several threads."""

    def __init__(self, head: bytes, name: str, purpose: Purpose, config: IngestConfig) -> None:
        """Detect the dialect and header of the file `name`; control characters in the name are replaced.

        Raises:
            UnnamedError: the file or its header breaks the contract; the message says how to fix it.
            ConfigError: an alias maps to a column that is not in the contract.
        """
        self._dialect = recognise(head, config)
        known = contract_names(self._dialect.header, config)
        refuse_header(head, self._dialect, known, wanted_columns(purpose), contract(purpose), config)
        self.header = Header(shown(name), self._dialect.header, tuple(known), self._dialect.quirks)
        self._reader = BlockReader(self._dialect, known, purpose, config)

    @property
    def newline(self) -> bytes:
        """The line ending."""
        return self._dialect.newline

    @property
    def header_line(self) -> int:
        """The physical line of the header."""
        return self._dialect.header_line

    def blocks(
        self, stream: Stream, block_bytes: int, *, offset: int = 0, lines_before: int = 0
    ) -> Iterator[Block]:
        """Cut a file, or what follows its first `offset` bytes, into blocks of whole lines.

        The stream is preceded by `lines_before` lines of the extract.

        Raises:
            UnnamedError: a line is longer than `LONGEST_LINE`.
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

    def read(self, block: Block) -> ReadBlock:
        """Read a block; duplicates and conflicting ids are only found later, over the whole extract.

        The file is named here because a worker thread has no other way to know which file it is reading.
        """
        with naming(self.header.name):
            return self._reader.read(block)
