import gzip
import io
import tracemalloc
import zlib
from collections import deque

import pytest

from schemas.config import IngestConfig
from tasks.core.errors import UnnamedError
from tasks.core.intake import formats
from tasks.core.intake.delivered_file import DeliveredFile
from tasks.core.intake.formats import kind_of, open_text

LIMIT = 2**40


def unpack(data: bytes, limit: int = LIMIT, size: int = 2**20) -> bytes:
    """Read all text of a gzip file."""
    file = DeliveredFile(io.BufferedReader(io.BytesIO(data)), from_start_to_end=True)  # type: ignore[arg-type]
    text = open_text(file, "csv.gz", IngestConfig.model_construct(max_unpacked_bytes=limit))
    return b"".join(iter(lambda: text.read(size), b""))


def test_the_first_bytes_say_what_a_file_is() -> None:
    """The first bytes decide, not the name; anything unknown is CSV."""
    assert kind_of(gzip.compress(b"a")[:4]) == "csv.gz"
    assert kind_of(b"PAR1") == "parquet"
    assert kind_of(b"cust") == kind_of(b"") == "csv"


@pytest.mark.parametrize("size", [1, 100, 2**20])
def test_members_count_as_one_text(size: int) -> None:
    """Files that were compressed one by one and put together are read on, zeros after them left out."""
    data = gzip.compress(b"a,b\n1") + gzip.compress(b"") + gzip.compress(b",2\n") + b"\0" * 512

    assert unpack(data, size=size) == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(b"a" * 9_000)[:-20], "truncated"),
        (gzip.compress(b"a" * 9_000)[:5], "truncated"),
        (gzip.compress(b"a,b\n")[:-8] + b"\0" * 8, "damaged"),
        (gzip.compress(b"a,b\n") + b"rubbish", "damaged"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "damaged"),
    ],
)
def test_damage_is_said(data: bytes, reason: str) -> None:
    """A file that is truncated, does not match its checksum or has trailing data is refused."""
    with pytest.raises(UnnamedError, match=f"^is a {reason} gzip file"):
        unpack(data)


def test_the_limit_is_of_unpacked_bytes() -> None:
    """Exactly as much as allowed passes, one byte more is refused with the setting's name."""
    data = gzip.compress(b"0123456789")

    assert unpack(data, limit=10) == b"0123456789"
    with pytest.raises(UnnamedError, match=r"more than the limit of 9 bytes \(ingest.max_unpacked_bytes\)"):
        unpack(data, limit=9)


def test_a_bomb_is_refused_early_and_in_flat_memory() -> None:
    """Half a gigabyte of repeated rows in half a megabyte is refused after the first hundred megabytes."""
    squeeze = zlib.compressobj(9, wbits=31)
    rows = b"0000-AAAAA,Female,0,Yes\n" * 40_000
    bomb = b"".join(squeeze.compress(rows) for _ in range(600)) + squeeze.flush()
    file = DeliveredFile(io.BufferedReader(io.BytesIO(bomb)), from_start_to_end=True)  # type: ignore[arg-type]
    text = open_text(file, "csv.gz", IngestConfig.model_construct(max_unpacked_bytes=LIMIT))
    pieces = iter(lambda: len(text.read(2**20)), 0)

    tracemalloc.start()
    with pytest.raises(UnnamedError, match="more than 200 times its size"):
        deque(pieces, maxlen=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert text._unpacked <= 2 * formats._RATIO_FROM
    assert peak < 8 * 2**20
