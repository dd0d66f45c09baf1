"""Open an extract that somebody sent: what is hashed, scored and archived is the same bytes.

An extract is one file, or a folder of parts that count as if they were put one after another.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from tasks.core.errors import ChangedError, UnnamedError, naming
from tasks.core.extract.text.blocks import Stream
from tasks.core.intake.delivered_file import DeliveredFile, ExtractPath, open_plain, refuse_holes, unreadable
from tasks.core.intake.formats import MAGIC_BYTES, Kind, kind_of, open_text
from tasks.core.storage.hashing import sha256


@dataclass(frozen=True)
class Source:
    """One file of an extract: messages call it `name`; `size` counts its bytes as delivered.

    One that others `delivered` or put into a folder must be a plain file: a link is followed only where
    the operator named the file himself. `modified_ns` is when it was last written, in nanoseconds since
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
        """Open the delivered bytes; what is found wrong with them meanwhile is said by name.

        Raises:
            ExtractError: what was delivered is not a plain file, or may not be read.
            ConfigError: what the operator named cannot be read.
        """
        with naming(self.name), _open(self.path, delivered=self.delivered) as file:
            yield DeliveredFile(file, from_start_to_end=self.kind != "parquet")


@dataclass(frozen=True)
class Delivery:
    """An extract as it was `given`: its files in order."""

    given: ExtractPath
    sources: tuple[Source, ...]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.given.path

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.given.label

    @property
    def sha256(self) -> str:
        """The SHA-256 of a single file's bytes; of a folder, that of its parts' `<sha256>` lines in order."""
        if self.sources[0].path == self.path:
            return self.sources[0].sha256
        return sha256("".join(f"{source.sha256}\n" for source in self.sources).encode())

    @property
    def extract_id(self) -> str:
        """The first 16 hex digits of the SHA-256."""
        return self.sha256[:16]

    @property
    def size(self) -> int:
        """Bytes as delivered."""
        return sum(source.size for source in self.sources)

    def confirm(self) -> None:
        """Make sure that nobody has written to the files since they were hashed.

        Raises:
            ChangedError: somebody has, or a file is gone.
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

    def __init__(self, sent: Delivery, max_unpacked_bytes: int) -> None:
        """Begin before the first file."""
        self._sent, self._limit = sent, max_unpacked_bytes
        self._before = 0
        self._file: DeliveredFile | None = None

    @property
    def share(self) -> float:
        """Share of the delivered bytes that are read."""
        now = self._file.done if self._file is not None else 0
        return min(1.0, (self._before + now) / self._sent.size)

    def __iter__(self) -> Iterator[tuple[str, Stream]]:
        """Give each file's name and text.

        Raises:
            ExtractError: a file is damaged or unpacks to more than it may.
            ChangedError: a file changed while it was read.
            ConfigError: what the operator named cannot be read.
        """
        for source in self._sent.sources:
            with source.open() as self._file:
                yield source.name, open_text(self._file, source.kind, self._limit)
                if self._file.sha256 != source.sha256:
                    raise changed()
            self._before += source.size
            self._file = None


def identify(given: ExtractPath) -> Delivery:
    """Hash an extract, whatever its size. What was delivered must be a file; the operator may name a folder.

    Raises:
        ExtractError: what was delivered is not a plain file with one name, or may not be read; or a
            folder does not hold parts alone.
        ConfigError: what the operator named cannot be read.
    """
    path, name = given.path, given.label
    with naming(name):
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
                "has other names (hard links), under which it could change unseen. Deliver a copy of its own."
            )
        return Delivery(given, (source,))


def changed() -> UnnamedError:
    """Say that an extract is not what it was a moment ago."""
    return UnnamedError("changed while it was read. Run again.", ChangedError)


def _parts(folder: Path) -> list[Path]:
    """List what stands in a folder by name, but for files that writers leave beside their parts."""
    entries = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path for path in entries if path.is_dir() or not path.name.startswith((".", "_"))]


def _identify(path: Path, name: str, *, delivered: bool) -> Source:
    with naming(name), _open(path, delivered=delivered) as file:
        modified_ns = os.fstat(file.fileno()).st_mtime_ns
        kind = kind_of(file.peek(MAGIC_BYTES)[:MAGIC_BYTES])
        if kind == "csv" and delivered:
            refuse_holes(file)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Source(path, name, delivered, kind, digest, file.tell(), modified_ns)


def _open(path: Path, *, delivered: bool) -> BufferedReader:
    if delivered:
        return open_plain(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(error) from None
