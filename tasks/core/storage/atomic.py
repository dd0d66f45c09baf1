"""Write files so that a reader sees the old state or the new one, never anything in between.

The order is always the same: write aside, sync the data, rename, sync the folder. A kill or a
power cut at any point leaves at most a hidden leftover, which the next run sweeps.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
STAGE_PREFIX: Final = ".stage-"
_NOT_OURS_TO_SYNC: Final = frozenset({errno.EACCES, errno.EPERM, errno.EINVAL, errno.EROFS})
"""Errors from fsync on a folder we did not write to: an operator's, a read-only or an automounted one."""


def make_folder(folder: Path) -> Path:
    """Create a folder and its parents, private to the owner and synced to disk; return it."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)
    elif _is_empty(folder):  # a run may have been killed before syncing its name
        try:
            sync_folder(folder.parent)
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SYNC:
                raise
    return folder


@contextmanager
def open_new(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing; it must not exist yet, and is synced to disk at the end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        flush_to_disk(file)


def flush_to_disk(file: BinaryIO) -> None:
    """Sync what has been written to a file so far."""
    file.flush()
    os.fsync(file.fileno())


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, and sync it to disk."""
    with open_new(path) as file:
        file.write(data)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content with `data`, atomically."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces `path` atomically once it is complete; an error leaves `path`."""
    aside = path.with_name(f"{STAGE_PREFIX}{path.name}-{os.getpid()}")
    aside.unlink(missing_ok=True)
    try:
        with open_new(aside) as file:
            yield file
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def new_stage(beside: Path, name: str) -> Path:
    """Create an empty hidden folder that `reveal` can rename to its final name below `beside`."""
    stage = make_folder(beside) / f"{STAGE_PREFIX}{name}-{os.getpid()}"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=FOLDER_MODE)
    return stage


def reveal(stage: Path, target: Path) -> bool:
    """Rename a folder of synced files to its final name; False if a complete folder already has it."""
    sync_folder(stage)
    try:
        stage.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(stage)
        return False
    sync_folder(target.parent)
    return True


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; a link to a folder is not."""
    return path.is_dir() and not path.is_symlink()


def remove(path: Path) -> None:
    """Delete a file, folder or link, if it exists."""
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep_stages(folder: Path) -> int:
    """Delete leftovers of killed runs and return their number; the caller holds the folder's lock.

    The last rename of a killed run is synced to disk, because the next run relies on it.
    """
    leftovers = list(folder.glob(f"{STAGE_PREFIX}*"))
    for leftover in leftovers:
        remove(leftover)
    if folder.is_dir():
        sync_folder(folder)
    return len(leftovers)


def _is_empty(folder: Path) -> bool:
    """Tell whether a folder is empty; an unreadable one was not created by us."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except PermissionError:
        return False


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
