"""Crash-safe move: at every instant the file exists at the source or the target, across file systems too.

Across file systems the copy is complete and synced before the original is deleted.
"""

import errno
import os
import shutil
import stat
from pathlib import Path

from tasks.core.storage.atomic import STAGE_PREFIX, open_new, sync_folder


def move(path: Path, target: Path) -> None:
    """Rename a file; across file systems, copy and sync it, and only then delete it.

    Only plain files can cross file systems (else EXDEV), and not while being written (EBUSY). A file
    that can be copied but not deleted stays at the source only.
    """
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV or not stat.S_ISREG(path.lstat().st_mode):
            raise
        _carry(path, target)
    sync_folder(target.parent)


def _carry(path: Path, target: Path) -> None:
    aside = target.with_name(f"{STAGE_PREFIX}{os.getpid()}")
    aside.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        with open_new(aside) as copy:
            shutil.copyfileobj(file, copy)
        os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        aside.unlink()
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    replaced = os.path.lexists(target)
    aside.rename(target)
    sync_folder(target.parent)
    try:
        path.unlink()
    except PermissionError:
        if not replaced:
            target.unlink()
        raise
