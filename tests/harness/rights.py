"""File permissions in tests: root ignores them unless it drops its capabilities."""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VERSION = 0x20080522
_PASS_OVER_RIGHTS = 1 << 1 | 1 << 2 | 1 << 3
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER of capabilities(7)."""


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """Make file permissions apply to this thread, even for root."""
    header, held = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    _call("capget", header, held)
    effective = held[0]
    held[0] = effective & ~_PASS_OVER_RIGHTS
    _call("capset", header, held)
    try:
        yield
    finally:
        held[0] = effective
        _call("capset", header, held)


def another_file_system(monkeypatch: pytest.MonkeyPatch, folder: Path, kept: str = "") -> None:
    """Make renames into and out of a folder cross file systems, and prevent deleting what is `kept`."""
    rename, unlink = Path.rename, Path.unlink

    def crossing(path: Path, target: Path) -> Path:
        if (path.parent == folder) != (target.parent == folder):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    def guarded(path: Path, missing_ok: bool = False) -> None:
        if path == folder / kept:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "rename", crossing)
    monkeypatch.setattr(Path, "unlink", guarded)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
