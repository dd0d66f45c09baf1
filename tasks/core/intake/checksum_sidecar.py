"""Verify an extract against its sender's checksum sidecar: `crm.csv.sha256` next to `crm.csv`."""

import os
import re
from pathlib import Path
from typing import Final

from tasks.core.errors import ExtractError, UnnamedError, naming
from tasks.core.intake.delivered_file import open_plain
from tasks.core.intake.delivery import Delivery

SUFFIX: Final = ".sha256"
_LINE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\\?([0-9A-Fa-f]{64})(?:[ \t][^\r\n]*)?\s*")
_MAX_BYTES: Final = 4_096
"""A file larger than a hash and the longest path Linux allows is not a sidecar."""


def sidecar_of(path: Path) -> Path:
    """Return the path of an extract's sidecar, which need not exist."""
    return path.with_name(f"{path.name}{SUFFIX}")


def is_sidecar(name: str) -> bool:
    """Tell whether a file of that name is a sidecar, and therefore not an extract."""
    return name.endswith(SUFFIX) and name.removesuffix(SUFFIX) not in {"", ".", ".."}


def read_sidecar(path: Path) -> str:
    """Read the SHA-256 of a sidecar: one line, as `sha256sum` writes it or the 64 hex digits alone.

    Raises:
        ExtractError: it contains anything else.
    """
    return _read(path, path.name)


def verify_checksum(delivery: Delivery) -> None:
    """Check an extract against its sidecar, if it has one.

    Raises:
        ExtractError: they differ, or the sidecar cannot be read.
    """
    sidecar = sidecar_of(delivery.path)
    if os.path.lexists(sidecar) and (digest := _read(sidecar, f"{delivery.name}{SUFFIX}")) != delivery.sha256:
        with naming(delivery.name):
            raise UnnamedError(
                f"does not match its {SUFFIX} file: expected {digest[:16]}..., got {delivery.sha256[:16]}...;"
                " it may be truncated. Send both again."
            )


def _read(path: Path, name: str) -> str:
    with naming(name), open_plain(path) as file:
        found = _LINE.fullmatch(file.read(_MAX_BYTES))
    if found is None:
        raise ExtractError(
            f"the sidecar '{name}' does not contain a SHA-256; expected one line of sha256sum output."
            " Send it again with its extract."
        )
    return found[1].decode().lower()
