"""Hide what has expired by a rename, and delete it; what cannot be deleted does not block the rest."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from schemas.config import Locations
from schemas.retention import Item, Kind
from tasks.core.operations.expiry import HIDDEN, Expired
from tasks.core.storage.atomic import FOLDER_MODE, is_folder, sync_folder


@dataclass(frozen=True)
class Left:
    """What has expired but could not be deleted, and why."""

    kind: Kind
    reason: str


def hide(
    home: Locations, expired: list[Expired], before: Mapping[Path, Item]
) -> tuple[list[Item], list[Left]]:
    """Hide what has expired, and make its folders writable; also list what could not be hidden.

    `before` are items that an interrupted sweep may have deleted in part.
    """
    items, left = [], []
    for each in expired:
        try:
            path = _out_of_sight(each.path)
        except OSError as error:
            left.append(Left(each.kind, _why(error)))
            continue
        _open_up(path)
        item = measure(home, Expired(each.kind, path, each.day))
        items.append(before.get(item.path, item))
    _sync_folders_of(home, items)
    return items, left


def measure(home: Locations, expired: Expired) -> Item:
    """Add up the size on disk of a file or folder, as far as it can be read."""
    path = expired.path
    size = 0 if is_folder(path) else path.lstat().st_size
    for folder in _folders(path) if is_folder(path) else ():
        with suppress(OSError):
            size += sum(each.lstat().st_size for each in folder.iterdir() if not is_folder(each))
    if path.is_relative_to(home.home):
        path = path.relative_to(home.home)
    return Item(kind=expired.kind, path=path, day=expired.day, bytes=size)


def delete(home: Locations, items: list[Item]) -> tuple[list[Item], list[Left]]:
    """Delete what is hidden; return what was deleted and what could not be."""
    deleted, left = [], []
    for item in items:
        try:
            _erase(home.home / item.path)
        except OSError as error:
            left.append(Left(item.kind, _why(error)))
        except RecursionError:
            left.append(Left(item.kind, "folders are nested too deeply"))
        else:
            deleted.append(item)
    _sync_folders_of(home, deleted)
    return deleted, left


def _sync_folders_of(home: Locations, items: list[Item]) -> None:
    for folder in {item.path.parent for item in items}:
        sync_folder(home.home / folder)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _out_of_sight(path: Path) -> Path:
    """Rename to an unused hidden name unless already hidden; an earlier sweep may have left the same name."""
    if path.name.startswith(HIDDEN):
        return path
    target = path.with_name(f"{HIDDEN}{path.name}")
    numbers = count(1)
    while os.path.lexists(target):
        target = path.with_name(f"{HIDDEN}{path.name}.{next(numbers)}")
    return path.rename(target)


def _erase(path: Path) -> None:
    if not is_folder(path):
        path.unlink()
        return
    shutil.rmtree(path, ignore_errors=True)  # delete as much as possible
    if path.exists():
        shutil.rmtree(path)  # raises the error of the rest


def _open_up(path: Path) -> None:
    """Give the owner full rights on all folders; `delete` reports folders that belong to other users."""
    if is_folder(path):
        for folder in _folders(path):
            with suppress(OSError):
                folder.chmod(FOLDER_MODE)


def _folders(top: Path) -> Iterator[Path]:
    """Walk a folder tree without following links; each folder is read after it has been yielded."""
    waiting = [top]
    while waiting:
        yield (folder := waiting.pop())
        with suppress(OSError):
            waiting += [path for path in folder.iterdir() if is_folder(path)]
