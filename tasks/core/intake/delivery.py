"""Open a delivered extract so that the bytes hashed, scored and archived are the same.

An extract is one file, or a folder of parts that count as if they were concatenated.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.config import IngestConfig
from tasks.core.errors import ChangedError, ConfigError, ExtractError, UnnamedError, naming
from tasks.core.intake.delivered_file import (
    DeliveredFile,
    ExtractPath,
    open_plain,
    refuse_holes,
    refuse_zeros_at_end,
    unreadable,
)
from tasks.core.intake.formats import MAGIC_BYTES, Kind, kind_of, open_text
from tasks.core.intake.unfinished_upload import refuse_unfinished
from tasks.core.storage.hashing import sha256

if TYPE_CHECKING:  # hashing needs none of what reading an extract loads
    from tasks.core.extract.text.blocks import Stream


@dataclass(frozen=True)
class Source:
    """One file of an extract: `name` is used in messages; `size` counts its bytes as delivered.

    A `delivered` file, or one inside a folder, must be a plain file: a link is followed only if the
    operator named the file directly. `modified_ns` is when it was last written, in nanoseconds since
    1970.
    """

    path: Path
    name: str
    delivered: bool
    kind: Kind
    sha256: str
    size: int
    modified_ns: int

    @contextmanager
    def open(self) -> Iterator[DeliveredFile]:
        """Open the delivered bytes; adds the name to any fault found while they are read.

        Raises:
            ExtractError: the delivered path is not a plain file, or cannot be read.
            ConfigError: the operator's path cannot be read.
        """
        with naming(self.name), _open(self.path, delivered=self.delivered) as file:
            yield DeliveredFile(file, from_start_to_end=self.kind != "parquet")


@dataclass(frozen=True)
class Delivery:
    """An extract as `given`, with its files in order."""

    given: ExtractPath
    sources: tuple[Source, ...]

    @property
    def path(self) -> Path:
        """Path of the extract."""
        return self.given.path

    @property
    def name(self) -> str:
        """What messages call the extract."""
        return self.given.alias

    @property
    def sha256(self) -> str:
        """SHA-256 of a single file's bytes; for a folder, of its parts' `<sha256>` lines in order."""
        if self.sources[0].path == self.path:
            return self.sources[0].sha256
        return sha256("".join(f"{source.sha256}\n" for source in self.sources).encode())

    @property
    def extract_id(self) -> str:
        """First 16 hex digits of the SHA-256."""
        return self.sha256[:16]

    @property
    def size(self) -> int:
        """Size in bytes, as delivered."""
        return sum(source.size for source in self.sources)

    def confirm(self) -> None:
        """Check that the files have not changed since they were hashed.

        Raises:
            ChangedError: one was changed or deleted.
        """
        for source in self.sources:
            with naming(source.name):
                try:
                    status = source.path.stat(follow_symlinks=not source.delivered)
                except FileNotFoundError:
                    raise changed() from None
                if (status.st_size, status.st_mtime_ns) != (source.size, source.modified_ns):
                    raise changed()


class Texts:
    """The CSV text of each of a delivery's files, in order; each must be read to its end."""

    def __init__(self, delivery: Delivery, config: IngestConfig) -> None:
        """Start before the first file."""
        self._delivery, self._config = delivery, config
        self._read: tuple[int, DeliveredFile | None] = 0, None  # one assignment, for threads that look at it

    @property
    def share(self) -> float:
        """Share of the delivered bytes read so far."""
        before, file = self._read
        now = file.done if file is not None else 0
        size = self._delivery.size
        return min(1.0, (before + now) / size) if size else 1.0

    def __iter__(self) -> Iterator[tuple[str, "Stream"]]:
        """Yield each file's name and text.

        Raises:
            ExtractError: a file is damaged or exceeds the unpacking limit.
            ChangedError: a file changed while it was read.
            ConfigError: the operator's path cannot be read, or an alias maps to an unknown column.
        """
        for source in self._delivery.sources:
            before, _ = self._read
            with source.open() as file:
                self._read = before, file
                yield source.name, open_text(file, source.kind, self._config)
                if file.sha256 != source.sha256:
                    raise changed()
            self._read = before + source.size, None


def identify(given: ExtractPath) -> Delivery:
    """Hash an extract of any size. A delivered one must be a file; the operator may also name a folder.

    Raises:
        ExtractError: the delivered path is not a plain file with one name, or cannot be read; or a
            folder contains anything but parts.
        ConfigError: the operator's path cannot be read, or has the name of an unfinished upload.
    """
    path, name = given.path, given.alias
    with naming(name):
        refuse_unfinished(path.name, ConfigError)
        try:
            folder = not given.delivered and path.is_dir()
            parts = _parts(path) if folder else []
        except OSError as error:
            raise unreadable(error) from None
        if folder and not parts:
            raise UnnamedError("is a folder without parts. Export it again.")
        if folder:
            sources = (_identify(part, f"{name}/{part.name}", delivered=True) for part in parts)
            return Delivery(given, tuple(sources))
        source = _identify(path, name, delivered=given.delivered)
        if given.delivered and path.lstat().st_nlink > 1:
            raise UnnamedError(
                "has other names (hard links), through which it could change unseen. Deliver a copy instead."
            )
        return Delivery(given, (source,))


def changed() -> UnnamedError:
    """Report that an extract changed while it was read."""
    return UnnamedError("changed while it was read. Run again.", ChangedError)


def _parts(folder: Path) -> list[Path]:
    """List a folder by name, without the marker files that writers leave next to their parts."""
    entries = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path for path in entries if path.is_dir() or not path.name.startswith((".", "_"))]


def _identify(path: Path, name: str, *, delivered: bool) -> Source:
    with naming(name), _open(path, delivered=delivered) as file:
        refuse_unfinished(path.name, ExtractError)
        modified_ns = os.fstat(file.fileno()).st_mtime_ns
        kind = kind_of(file.peek(MAGIC_BYTES)[:MAGIC_BYTES])
        if kind == "csv":
            if delivered:
                refuse_holes(file)
            refuse_zeros_at_end(file)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Source(path, name, delivered, kind, digest, file.tell(), modified_ns)


def _open(path: Path, *, delivered: bool) -> BufferedReader:
    if delivered:
        return open_plain(path)
    try:
        if path.exists() and not path.is_file():
            raise UnnamedError("is a pipe or a device. Give the path of a file.", ConfigError)
        return path.open("rb")
    except OSError as error:
        raise unreadable(error) from None
