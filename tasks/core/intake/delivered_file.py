"""Read a delivered file: count and hash what is read, and report disk errors to the operator."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from tasks.core.access import explain
from tasks.core.errors import AccessError, ConfigError, UnnamedError
from tasks.core.storage.hashing import sha256

_HEAD, _ZEROS = 512, 16
"""Bytes at the start that are looked at for zeros, and at the end."""


@dataclass(frozen=True)
class ExtractPath:
    """Path of an extract, and whether it was `delivered` through the inbox or named by the operator.

    Delivered extracts are untrusted: no link is followed, and the name, which may contain personal
    data, is not shown.
    """

    path: Path
    delivered: bool

    @property
    def alias(self) -> str:
        """What messages call the extract."""
        return alias_of(self.path) if self.delivered else self.path.name


class DeliveredFile:
    """A file that counts what is read; if read from start to end, it is hashed as it is read."""

    def __init__(self, file: BufferedReader, *, from_start_to_end: bool) -> None:
        """Begin at the file's position."""
        self.done = 0
        self._file = file
        self._hash = hashlib.sha256() if from_start_to_end else None

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or everything; empty at the end.

        Raises:
            UnnamedError: the bytes cannot be read.
        """
        try:
            data = self._file.read(size)
        except OSError as error:
            raise unreadable(error) from None
        self.done += len(data)
        if self._hash is not None:
            self._hash.update(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to another position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    @property
    def sha256(self) -> str:
        """The hash of what was read, or, after a seek, of the file as it is now."""
        if self._hash is not None:
            return self._hash.hexdigest()
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()


def open_plain(path: Path) -> BufferedReader:
    """Open an untrusted file for reading, without following links or waiting for pipes.

    Raises:
        UnnamedError: it is not a plain file; or an AccessError, permissions forbid reading it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    except PermissionError as error:
        raise UnnamedError(f"cannot be read: {error.strerror}. {explain(error)}", AccessError) from None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
    raise UnnamedError("is not a plain file that can be read. Deliver the file itself.")


def refuse_holes(file: BufferedReader) -> None:
    """Reject sparse files, before terabytes of zeros are read.

    Raises:
        UnnamedError: the file has a hole, which reads as zero bytes.
    """
    descriptor = file.fileno()
    size, place = os.fstat(descriptor).st_size, os.lseek(descriptor, 0, os.SEEK_CUR)
    hole = os.lseek(descriptor, 0, os.SEEK_HOLE) if size else 0
    os.lseek(descriptor, place, os.SEEK_SET)
    if hole < size and os.pread(descriptor, 1, hole) == b"\0":
        raise UnnamedError(f"is incomplete: data is missing from byte {hole + 1} onwards. Send it again.")


def refuse_zeros_at_end(file: BufferedReader) -> None:
    """Reject a text that ends in zero bytes: its space was reserved, but its data has not all arrived.

    Raises:
        UnnamedError: the last bytes are zero, more of them than any encoding or format of text leaves.
    """
    size = os.fstat(file.fileno()).st_size
    is_text = b"\0" not in os.pread(file.fileno(), _HEAD, 0)  # no archive or workbook
    if is_text and size >= _ZEROS and not any(os.pread(file.fileno(), _ZEROS, size - _ZEROS)):
        raise UnnamedError("is incomplete: it ends in zero bytes. Send it again.")


def alias_of(path: Path) -> str:
    """Name a delivered file in messages: a hash of its name, which may contain personal data."""
    return sha256(os.fsencode(path.name))[:16]


def unreadable(error: OSError) -> UnnamedError:
    """Report that an extract cannot be read."""
    advice = explain(error) or "Give the path of a CSV or Parquet file, or of a folder of such parts."
    return UnnamedError(f"cannot be read: {error.strerror}. {advice}", ConfigError)
