"""Move an extract and its sidecar without losing either."""

import errno
import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path

from tasks.core.intake.checksum_sidecar import sidecar_of
from tasks.core.storage.atomic import FILE_MODE, is_folder
from tasks.core.storage.move import move


def move_both(path: Path, target: Path) -> None:
    """Move an extract, then its sidecar: as long as the extract is not filed, its sidecar judges it."""
    _move(path, target)
    if os.path.lexists(sidecar_of(path)):
        _move(sidecar_of(path), sidecar_of(target))


def _move(path: Path, target: Path) -> None:
    """Move whatever it is; on another file system a link or pipe, which holds no bytes, is taken away.

    A folder neither replaces anything nor is replaced.
    """
    if os.path.lexists(target) and (is_folder(path) or is_folder(target)):
        target = free_name(target)
    try:
        _make_private(path)
        move(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()


def _make_private(path: Path) -> None:
    """Close a plain file to others, unless it has other names or another owner than us."""
    status = path.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        with suppress(PermissionError):
            path.chmod(FILE_MODE)


def free_name(target: Path) -> Path:
    """Give the first name after `target`, numbered from 2, that is not taken."""
    names = (target.with_name(f"{target.name}-{number}") for number in count(2))
    return next(name for name in names if not os.path.lexists(name))
