"""Hold an extract against the hash that its sender put beside it: `crm.csv.sha256` beside `crm.csv`."""

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
"""More than a hash and the longest path name that Linux takes is no sidecar."""


def sidecar_of(path: Path) -> Path:
    """Name the sidecar of an extract, which need not be there."""
    return path.with_name(f"{path.name}{SUFFIX}")


def is_sidecar(name: str) -> bool:
    """Tell whether a file of that name is a sidecar, and so never an extract itself."""
    return name.endswith(SUFFIX)


def read_sidecar(path: Path) -> str:
    """Read the SHA-256 of a sidecar: one line, as `sha256sum` writes it or the 64 hex digits alone.

    Raises:
        ExtractError: it holds something else.
    """
    return _read(path, path.name)


def verify_checksum(sent: Delivery) -> None:
    """Demand that an extract is what its sidecar says, where it has one.

    Raises:
        ExtractError: it is not, or the sidecar cannot be read.
    """
    sidecar = sidecar_of(sent.path)
    if os.path.lexists(sidecar) and (said := _read(sidecar, f"{sent.name}{SUFFIX}")) != sent.sha256:
        with naming(sent.name):
            raise UnnamedError(
                f"is not what its {SUFFIX} file says: expected {said[:16]}..., got {sent.sha256[:16]}...;"
                " it may be cut short. Send both again."
            )


def _read(path: Path, name: str) -> str:
    with naming(name), open_plain(path) as file:
        found = _LINE.fullmatch(file.read(_MAX_BYTES))
    if found is None:
        raise ExtractError(
            f"the sidecar '{name}' holds no SHA-256; expected one line as sha256sum writes it."
            " Send it again, with its extract."
        )
    return found[1].decode().lower()
