"""Move extracts from the inbox into `work/`, once they are complete.

An extract is moved by a rename, so that the file read, scored and archived is the same, whatever is
delivered under its name in the meantime. Leftovers of an unfinished run in `work/` are taken again.
"""

import errno
import filecmp
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.core.access import cause_of
from tasks.core.errors import ConfigError
from tasks.core.intake.checksum_sidecar import SUFFIX, is_sidecar, sidecar_of
from tasks.core.intake.unfinished_upload import is_unfinished
from tasks.core.storage.atomic import make_folder, remove, replace_file, sweep_stages
from tasks.core.storage.move import move

MARK: Final = ".inbox"
"""Sentinel file in the inbox, recorded in `work/`: an inbox without it is a different folder."""

FolderSnapshot = dict[str, tuple[int, int, int]]
"""Contents of a folder at one moment: inode, size in bytes and modification time in ns, by name."""


@dataclass(frozen=True)
class Taken:
    """The extracts in `work`, and how many are left for the next run.

    `left` extracts are still changing, or their name is in use in `work`; `lone_sidecars` have no extract;
    `unfinished` files have the name of an unfinished upload, and wait until they are renamed.
    """

    paths: list[Path]
    left: int
    lone_sidecars: int
    unfinished: int


def fault_of(inbox: Path, work: Path) -> str | None:
    """Explain why the inbox is a different folder or cannot be read; None if all is well."""
    mark, looked_at = inbox / MARK, inbox
    try:
        if not inbox.is_dir():
            return f"there is no inbox at '{inbox}'. Create or mount it."
        next(inbox.iterdir(), None)
        looked_at = work
        if (work / MARK).exists() and not mark.exists():
            return (
                f"the inbox at '{inbox}' has no file '{MARK}': its disk may not be mounted."
                f" Mount it; if the folder is new, create the file: touch '{mark}'."
            )
    except OSError as error:
        return _unusable(looked_at, error)
    return None


def confirm(inbox: Path, work: Path) -> None:
    """Check that the inbox is the same folder as before; mark a new one.

    Raises:
        ConfigError: the inbox is missing, which is not the same as empty; or it has lost its sentinel file.
    """
    if (fault := fault_of(inbox, work)) is not None:
        raise ConfigError(fault)
    folder = work
    try:
        make_folder(work)
        for folder in (inbox, work):  # in this order, so that a kill cannot cause a false alarm
            if not (folder / MARK).exists():
                replace_file(folder / MARK, b"")
    except OSError as error:
        raise ConfigError(_unusable(folder, error)) from None


def look(folder: Path) -> FolderSnapshot:
    """List what a folder holds now; hidden files are still being written and are ignored."""
    return {
        path.name: seen
        for path in folder.iterdir()
        if not path.name.startswith(".") and (seen := _seen(path)) is not None
    }


def take(inbox: Path, work: Path, before: tuple[FolderSnapshot, FolderSnapshot]) -> Taken:
    """Move what has not changed since `before` (of inbox and work) into `work`, and leave the rest.

    What cannot be moved, because it is not a file and is on another file system, or because of its
    permissions, is returned where it is.
    """
    sweep_stages(work)
    arrived, under_way = look(inbox), look(work)
    waiting, begun = _extracts(arrived), _extracts(under_way)
    uploads = set(filter(is_unfinished, arrived))
    for name in filter(is_sidecar, under_way):
        if name.removesuffix(SUFFIX) not in waiting | under_way.keys():
            remove(work / name)  # its extract is filed: a run was killed between the two
    for name in waiting & begun:
        if arrived[name][1:] == under_way[name][1:] and _same(inbox / name, work / name):
            try:
                (inbox / name).unlink()  # a run was killed between copying and deleting
                waiting.remove(name)
            except PermissionError:
                (work / name).unlink()
                begun.remove(name)
    ready = [name for name in waiting - begun if _settled(name, before[0], arrived)]
    settled = [name for name in begun if _settled(name, before[1], under_way)]
    taken = [path for name in ready if (path := _bring(inbox / name, work)) is not None]
    return Taken(
        paths=[*taken, *(work / name for name in settled)],
        left=len(waiting) + len(begun) - len(taken) - len(settled),
        lone_sidecars=sum(
            name.removesuffix(SUFFIX) not in waiting | uploads for name in filter(is_sidecar, arrived)
        ),
        unfinished=len(uploads) + sum(map(is_unfinished, under_way)),
    )


def _unusable(folder: Path, error: OSError) -> str:
    return f"the folder {cause_of(error, folder)}"


def _extracts(sight: FolderSnapshot) -> set[str]:
    return {name for name in sight if not is_sidecar(name) and not is_unfinished(name)}


def _settled(name: str, before: FolderSnapshot, now: FolderSnapshot) -> bool:
    """Tell whether an extract and its sidecar are unchanged."""
    return all(before.get(each) == now.get(each) for each in (name, f"{name}{SUFFIX}"))


def _same(path: Path, other: Path) -> bool:
    plain = all(each.is_file() and not each.is_symlink() for each in (path, other))
    return plain and filecmp.cmp(path, other, shallow=False)


def _bring(path: Path, work: Path) -> Path | None:
    """Move an extract after its sidecar; the sidecar goes back if the extract cannot be moved.

    So no kill can separate an extract from its sidecar.
    """
    sidecar, taken = sidecar_of(path), sidecar_of(work / path.name)
    try:
        if os.path.lexists(sidecar):
            move(sidecar, taken)
        move(path, work / path.name)
    except OSError as error:
        if os.path.lexists(taken) and not os.path.lexists(sidecar):
            move(taken, sidecar)
        if error.errno in (errno.ENOENT, errno.EBUSY):  # withdrawn, or still being written
            return None
        if error.errno not in (errno.EXDEV, errno.EACCES, errno.EPERM):
            raise
        return path
    return work / path.name


def _seen(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
