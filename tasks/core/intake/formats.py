"""Detect a file's format by its first bytes, never by its name, and open it as CSV text."""

import gzip
import zlib
from typing import TYPE_CHECKING, Final, Literal

from schemas.config import IngestConfig
from tasks.core.errors import UnnamedError
from tasks.core.intake.delivered_file import DeliveredFile

if TYPE_CHECKING:
    from tasks.core.extract.text.blocks import Stream

Kind = Literal["csv", "csv.gz", "parquet"]
"""Also the suffix of such a file."""

MAGIC_BYTES: Final = 4
_MAGICS: Final[tuple[tuple[bytes, Kind], ...]] = ((b"\x1f\x8b", "csv.gz"), (b"PAR1", "parquet"))

_LARGEST_RATIO: Final = 200
"""Source: deflate can reach 1,032, but every customer has a distinct id and charges: about 10."""
_RATIO_FROM: Final = 64 * 2**20
"""Unpacked bytes below which the ratio is not checked."""


def kind_of(magic: bytes) -> Kind:
    """Detect a file's format by its first bytes; anything unknown is taken for CSV."""
    return next((kind for start, kind in _MAGICS if magic.startswith(start)), "csv")


def open_text(file: DeliveredFile, kind: Kind, config: IngestConfig) -> "Stream":
    """Open a file as CSV text, unpacked as it is read.

    Raises:
        UnnamedError: a Parquet file is damaged or nested.
        ConfigError: an alias maps to a column that is not in the contract.
    """
    if kind == "csv":
        return file
    return _Limited(_unpacked(file, kind, config), file, config.max_unpacked_bytes)


def _unpacked(file: DeliveredFile, kind: Kind, config: IngestConfig) -> "Stream":
    if kind == "csv.gz":
        return _Gunzipped(file)
    from tasks.core.intake.parquet import ParquetText  # noqa: PLC0415 half a second, before a file is hashed

    return ParquetText(file, config)


class _Gunzipped:
    """The content of a gzip file with any number of members."""

    def __init__(self, file: DeliveredFile) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="rb")

    def read(self, size: int) -> bytes:
        """Read up to `size` unpacked bytes.

        Raises:
            UnnamedError: the file is truncated or damaged.
        """
        try:
            return self._file.read(size)
        except EOFError:
            damage = "truncated"
        except (gzip.BadGzipFile, zlib.error):
            damage = "damaged"
        raise UnnamedError(f"is a {damage} gzip file. Deliver it again.")


class _Limited:
    """Text with a length limit, so that a small file cannot fill the disk or block the run."""

    def __init__(self, text: "Stream", packed: DeliveredFile, max_unpacked_bytes: int) -> None:
        self._text, self._packed = text, packed
        self._limit = max_unpacked_bytes
        self._unpacked = 0

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes.

        Raises:
            UnnamedError: the text exceeds the limit.
        """
        data = self._text.read(size)
        self._unpacked += len(data)
        if self._unpacked > self._limit:
            raise UnnamedError(
                f"unpacks to more than the limit of {self._limit:,} bytes"
                " (ingest.max_unpacked_bytes). Deliver it in parts, or raise the limit."
            )
        if self._unpacked > max(_RATIO_FROM, _LARGEST_RATIO * self._packed.done):
            raise UnnamedError(
                f"unpacks to more than {_LARGEST_RATIO} times its size, unlike any table of customers."
                " Export it again."
            )
        return data
