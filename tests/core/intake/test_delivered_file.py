import errno
import io
import os
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.core.errors import AccessError, UnnamedError
from tasks.core.intake.delivered_file import (
    DeliveredFile,
    ExtractPath,
    open_plain,
    refuse_holes,
    refuse_zeros_at_end,
)
from tests.harness.rights import bound_by_rights

MARY = Path("/inbox/Mary Smith.csv")


def test_only_the_operators_name_for_an_extract_is_shown() -> None:
    """A delivered extract is identified by a hash of its name, wherever it is."""
    delivered = ExtractPath(MARY, delivered=True)

    assert ExtractPath(MARY, delivered=False).alias == "Mary Smith.csv"
    assert delivered.alias == ExtractPath(Path("/work") / MARY.name, delivered=True).alias
    assert len(delivered.alias) == 16
    assert int(delivered.alias, 16) > 0


@pytest.mark.parametrize("from_start_to_end", [True, False])
def test_what_is_read_is_counted_and_hashed(from_start_to_end: bool, tmp_path: Path) -> None:
    """The hash is that of the whole file, whether it was read in order or here and there."""
    (tmp_path / "sent").write_bytes(b"0123456789")
    with (tmp_path / "sent").open("rb") as raw:
        file = DeliveredFile(raw, from_start_to_end=from_start_to_end)
        if not from_start_to_end:
            assert file.seek(-4, os.SEEK_END) == file.tell() == 6
            assert file.read(2) == b"67"
            assert (file.seek(0), file.done) == (0, 2)
            file.done = 0
        assert [file.read(4), file.read(), file.read()] == [b"0123", b"456789", b""]

        assert file.done == 10
        assert file.sha256 == sha256(b"0123456789").hexdigest()
        assert not file.closed
    assert file.closed


class BadDisk(io.RawIOBase):
    """A file on a disk that cannot be read."""

    def readable(self) -> bool:
        """Promise to be read."""
        return True

    def readinto(self, _: object) -> int:
        """Fail."""
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_error_of_the_disk_is_the_operators() -> None:
    """The error names the extract, and no bytes count as read."""
    file = DeliveredFile(io.BufferedReader(BadDisk()), from_start_to_end=True)

    with pytest.raises(UnnamedError, match=r"^cannot be read: Input/output error") as error:
        file.read(8)

    assert file.done == 0
    assert error.value.kind.exit_code == 10


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_a_plain_file_is_opened(kind: str, tmp_path: Path) -> None:
    """No link is followed, and no pipe waited for."""
    (tmp_path / "plain").write_bytes(b"x")
    path = tmp_path / "sent"
    if kind == "link":
        path.symlink_to(tmp_path / "plain")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)

    with open_plain(tmp_path / "plain") as file:
        assert file.read() == b"x"
    with pytest.raises(UnnamedError, match=r"^is not a plain file"):
        open_plain(path)


def test_what_is_not_there_is_no_fault_of_the_sender(tmp_path: Path) -> None:
    """A file-system error that is not about the file itself is raised unchanged."""
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "gone")


@pytest.mark.parametrize(("written", "from_byte"), [(b"", 1), (b"customerID", 65_537)])
def test_a_file_with_a_hole_is_refused(written: bytes, from_byte: int, tmp_path: Path) -> None:
    """The position is reported, and the file position is unchanged; written zeros are not a hole."""
    path = tmp_path / "sent"
    with path.open("wb") as file:
        file.write(written.ljust(len(written) and 65_536, b"x"))
        file.truncate(2**20)
    with path.open("rb") as file:
        file.seek(5)
        with pytest.raises(UnnamedError, match=f"from byte {from_byte} on"):
            refuse_holes(file)
        assert file.tell() == 5
    for whole in (b"", b"customerID", b"\0" * 2**17):
        path.write_bytes(whole)
        with path.open("rb") as file:
            refuse_holes(file)
            assert file.read() == whole


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (b"a,b\n".ljust(600, b"1") + b"\0" * 16, True),
        (b"crm.csv".ljust(512, b"\0") + b"a,b\n".ljust(1024, b"\0"), False),  # tar
        (b"a\0" * 16, False),
        (b"", False),
    ],
)
def test_a_text_that_ends_in_zero_bytes_is_incomplete(data: bytes, missing: bool, tmp_path: Path) -> None:
    """Some programs fill a file with zeros before its data arrives; UTF-16 is no such file."""
    path = tmp_path / "sent"
    path.write_bytes(data)
    with (
        path.open("rb") as file,
        pytest.raises(UnnamedError, match="zero bytes") if missing else nullcontext(),
    ):
        refuse_zeros_at_end(file)


def test_a_file_that_may_not_be_read_is_no_fault_of_its_sender(tmp_path: Path) -> None:
    """It is the operator's to allow, with code 50; the name is not shown."""
    path = tmp_path / "Muster.csv"
    path.touch(mode=0o000)

    with (
        bound_by_rights(),
        pytest.raises(UnnamedError, match=r"^cannot be read: Permission denied\. A file in") as error,
    ):
        open_plain(path)

    assert error.value.kind is AccessError
    assert "Muster" not in str(error.value)
