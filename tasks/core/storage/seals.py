"""Seal the files of a folder by size and SHA-256, and check them against their seals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from schemas.manifest import MANIFEST, FileSeal
from tasks.core.errors import accessing
from tasks.core.storage.hashing import sha256_of


class Sealed(Protocol):
    """A manifest with the seals of its folder's files."""

    @property
    def files(self) -> Mapping[str, FileSeal]:
        """Seals by name."""


def seal_files(folder: Path) -> dict[str, FileSeal]:
    """Hash every file in a folder except its manifest, by name."""
    return {
        path.name: FileSeal(sha256=sha256_of(path), size=path.stat().st_size)
        for path in sorted(folder.iterdir())
        if path.name != MANIFEST
    }


def is_as_sealed(folder: Path, manifest: Sealed, *, hashed: bool) -> bool:
    """Tell whether published files match their sealed names, sizes and, with `hashed`, hashes.

    Raises:
        AccessError: they cannot be read.
    """
    try:
        with accessing(folder):
            if hashed:
                return seal_files(folder) == manifest.files
            sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.name != MANIFEST}
    except OSError:
        return False
    return sizes == {name: seal.size for name, seal in manifest.files.items()}
