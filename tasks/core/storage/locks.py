"""Lock a folder through the kernel: one run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.core.errors import accessing
from tasks.core.storage.atomic import FILE_MODE, make_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for it; the kernel releases it however the process ends.

    Raises:
        AccessError: the folder or its lock may not be used.
    """
    path = folder / ".lock"
    with accessing(path):
        descriptor = os.open(make_folder(folder) / path.name, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Tell whether a run holds the folder's lock, without creating the lock or blocking a run.

    A lock that cannot be read counts as free.
    """
    try:
        descriptor = os.open(folder / ".lock", os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
