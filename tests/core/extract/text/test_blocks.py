import io

import pytest

from tasks.core.errors import UnnamedError
from tasks.core.extract.text import blocks
from tasks.core.extract.text.blocks import Block, cut_blocks

DATA = b"header\none\n\nthree\r\nfour"


def cut(data: bytes, block_bytes: int, *, newline: bytes = b"\n", skip_lines: int = 1) -> list[Block]:
    """Cut bytes into blocks."""
    return [
        *cut_blocks(
            io.BytesIO(data),
            newline=newline,
            offset=0,
            lines_before=0,
            skip_lines=skip_lines,
            block_bytes=block_bytes,
        )
    ]


@pytest.mark.parametrize("block_bytes", [1, 2, 5, 7, 12, 100])
def test_blocks_are_whole_lines(block_bytes: int) -> None:
    """However many bytes are read at a time, the blocks are the lines, with their numbers and places."""
    found = cut(DATA, block_bytes)

    assert b"".join(block.data for block in found) == b"one\n\nthree\r\nfour"
    assert sum(block.lines for block in found) == 4
    line = 2
    for block in found:
        assert block.first_line == line
        assert DATA[block.offset :].startswith(block.data)
        line += block.lines


def test_old_line_ends_become_new_ones() -> None:
    """CR alone is a line ending."""
    found = cut(b"header\rone\rtwo\r", 100, newline=b"\r")

    assert [block.data for block in found] == [b"one\ntwo\n"]


def test_a_file_without_line_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than any customer's is refused before it fills the memory."""
    monkeypatch.setattr(blocks, "LONGEST_LINE", 50)

    with pytest.raises(UnnamedError, match=r"^: line 2 is longer than 50 bytes"):
        cut(b"header\n" + b"x" * 1_000, 10)
