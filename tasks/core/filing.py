"""File away what became of an extract: into the archive or among the rejected, with its sidecar.

One copy of the same bytes is kept in each, however often they are delivered.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Final

import pandas as pd

from tasks.core.delivered_file import ExtractPath
from tasks.core.delivery import Delivery, identify
from tasks.core.errors import ExtractError, shown
from tasks.core.files import FILE_MODE, is_folder, make_folder, replace_file, sha256, sweep_stages
from tasks.core.moving import move
from tasks.core.publishing import QUARANTINE, quarantine_csv
from tasks.core.sidecar import SUFFIX, is_sidecar, read_sidecar, sidecar_of

REASON: Final = "reason.txt"
"""Why an extract was refused, for the one who sent it: calls it by its name."""
STATUS: Final = "status.txt"
"""The same for everybody else: calls it by a hash of its name."""


def archive(sent: Delivery, as_of: date, archive: Path) -> Path:
    """Move a scored file away under its date, id and kind, or over the copy of it that is there.

    Sweeps what a killed run left of a copy; nobody else may file meanwhile.

    Raises:
        ChangedError: it is not what was scored any more.
    """
    sent.confirm()
    (source,) = sent.sources
    sweep_stages(make_folder(archive))
    target = find_archived(archive, sent.extract_id)
    if target is None:
        target = archive / f"{as_of.isoformat()}-{sent.extract_id}.{source.kind}"
    _move_both(sent.path, target)
    return target


def find_archived(archive: Path, extract_id: str) -> Path | None:
    """Find the archived copy of an extract; None if there is none."""
    kept = (path for path in archive.glob(f"????-??-??-{extract_id}.*") if not is_sidecar(path.name))
    return min(kept, default=None)


def reject(given: ExtractPath, error: ExtractError, rejected: Path) -> Path:
    """Write why an extract was refused, and which rows were bad; move a delivered one there.

    The place is named after the hash of the extract's bytes, or of its name where it is no file. Only
    its `reason.txt` calls a delivered extract by its name: nobody else but the sender needs it.
    """
    path = given.path
    try:  # what the operator named is not followed here either
        identity, known = identify(replace(given, delivered=True)).sha256, True
    except ExtractError:
        identity, known = sha256(os.fsencode(path.name)), False
    place = make_folder(rejected / identity[:16])
    said = str(error).replace(given.label, shown(path.name)) if given.delivered else str(error)
    replace_file(place / STATUS, f"{error}\n".encode())
    replace_file(place / REASON, f"{said}\n".encode())
    if isinstance(error.quarantine, pd.DataFrame):
        replace_file(place / QUARANTINE, quarantine_csv(error.quarantine))
    if given.delivered:
        target = place / "extract"
        _move_both(path, target if known or not os.path.lexists(target) else _free_name(target))
    return place


def file_late_sidecars(inbox: Path, archive: Path) -> int:
    """File away sidecars that came after their extracts were scored, and agree with them.

    Give how many may not be moved: they stay, and keep no other from being filed.
    """
    stuck = 0
    for path in inbox.glob(f"[!.]*{SUFFIX}"):
        if os.path.lexists(path.with_name(path.name.removesuffix(SUFFIX))):
            continue
        with suppress(ExtractError):
            kept = find_archived(archive, read_sidecar(path)[:16])
            if kept is not None:
                try:
                    move(path, sidecar_of(kept))
                except PermissionError:
                    stuck += 1
    return stuck


def _move_both(path: Path, target: Path) -> None:
    """Move an extract, then its sidecar: as long as the extract is not filed, its sidecar judges it."""
    _move(path, target)
    if os.path.lexists(sidecar_of(path)):
        _move(sidecar_of(path), sidecar_of(target))


def _move(path: Path, target: Path) -> None:
    """Move whatever it is; on another file system a link or pipe, which holds no bytes, is taken away.

    A folder neither replaces anything nor is replaced.
    """
    if os.path.lexists(target) and (is_folder(path) or is_folder(target)):
        target = _free_name(target)
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


def _free_name(target: Path) -> Path:
    names = (target.with_name(f"{target.name}-{number}") for number in count(2))
    return next(name for name in names if not os.path.lexists(name))
