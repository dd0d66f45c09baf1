"""Open an extract that somebody sent: what is hashed, scored and archived is the same bytes."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from tasks.core.errors import ConfigError, ExtractError


@dataclass(frozen=True)
class Delivery:
    """A file with an extract: `delivered` by a sender, of whom nothing is trusted, or named by us."""

    path: Path
    delivered: bool
    sha256: str
    size: int

    @property
    def extract_id(self) -> str:
        """The first 16 hex digits of the bytes' SHA-256."""
        return self.sha256[:16]

    @contextmanager
    def open(self) -> "Iterator[HashedStream]":
        """Open the file for reading.

        Raises:
            ExtractError: what was delivered is not a plain file, or may not be read.
            ConfigError: what the operator named cannot be read.
        """
        with _open(self.path, delivered=self.delivered) as file:
            yield HashedStream(self.path, file)


class HashedStream:
    """A file that is hashed while it is read from its start to its end."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Begin at the file's position."""
        self._path, self._file, self._hash = path, file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end.

        Raises:
            ConfigError: the disk does not give them.
        """
        try:
            data = self._file.read(size)
        except OSError as error:
            raise unreadable(self._path, error) from None
        self._hash.update(data)
        return data

    @property
    def sha256(self) -> str:
        """The hash of what was read."""
        return self._hash.hexdigest()


def identify(path: Path, *, delivered: bool) -> Delivery:
    """Hash a file, whatever its size.

    Raises:
        ExtractError: what was delivered is not a plain file, or may not be read.
        ConfigError: what the operator named cannot be read.
    """
    with _open(path, delivered=delivered) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Delivery(path, delivered, digest, file.tell())


def _open(path: Path, *, delivered: bool) -> BufferedReader:
    if delivered:
        return _open_plain(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> ConfigError:
    """Say that an extract cannot be read."""
    return ConfigError(
        f"extract '{path.name}' cannot be read: {error.strerror}. Give the path of a CSV file."
    )


def _open_plain(path: Path) -> BufferedReader:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.EACCES, errno.ENXIO):
            raise
    raise ExtractError(
        f"extract '{path.name}' is not a plain file that can be read. Deliver the file itself."
    )
