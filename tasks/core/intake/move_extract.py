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
    """Move an extract, then its sidecar: until the extract is filed, it is verified against the sidecar."""
    _move(path, target)
    if os.path.lexists(sidecar_of(path)):
        _move(sidecar_of(path), sidecar_of(target))


def _move(path: Path, target: Path) -> None:
    """Move anything; on another file system a link or pipe, which holds no data, is deleted.

    A folder never replaces anything and is never replaced.
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
    """Make a plain file private, unless it has other hard links or belongs to another user."""
    status = path.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        with suppress(PermissionError):
            path.chmod(FILE_MODE)


def free_name(target: Path) -> Path:
    """Return the first unused name after `target`, numbered from 2."""
    names = (target.with_name(f"{target.name}-{number}") for number in count(2))
    return next(name for name in names if not os.path.lexists(name))
