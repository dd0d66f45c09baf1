"""Follow extracts from the inbox to the archive or the rejected ones; each ends in exactly one.

An extract is taken by a rename into `work/`, so that what is read, scored and archived is one
file, whatever is delivered under its name meanwhile. What a killed run left there is taken again.
"""

import errno
import os
import shutil
from datetime import date
from pathlib import Path

import pandas as pd

from tasks.core.delivery import Delivery, identify
from tasks.core.errors import ConfigError, ExtractError
from tasks.core.files import FILE_MODE, make_folder, replace_file, sha256, sync_folder
from tasks.core.publishing import QUARANTINE, quarantine_csv


def take(inbox: Path, work: Path) -> list[Path]:
    """Move everything that waits into `work`; list what is there, by name.

    Hidden files are still on their way and left alone; so is a delivery whose name a killed run
    left in `work`: the next run takes it.

    Raises:
        ConfigError: there is no inbox, which is not the same as an empty one.
    """
    if not inbox.is_dir():
        raise ConfigError(
            f"there is no inbox at '{inbox}'. Make the folder and drop extracts there, or give --extract."
        )
    make_folder(work)
    for path in sorted(_visible(inbox)):
        if not os.path.lexists(work / path.name):
            move(path, work / path.name)
    return sorted(_visible(work))


def archive(sent: Delivery, folder: Path, as_of: date) -> Path:
    """Move a scored file away under its date, id and kind; a second delivery of it ends there too."""
    (source,) = sent.sources
    target = make_folder(folder) / f"{as_of.isoformat()}-{sent.extract_id}.{source.kind}"
    move(sent.path, target)
    return target


def reject(path: Path, folder: Path, error: ExtractError, *, keep: bool) -> Path:
    """Write why an extract was refused, and which rows were bad; move it there unless it is to be kept.

    The place is named after the hash of the extract's bytes, or of its name where it is no file.
    """
    try:
        identity = identify(path, delivered=True).sha256
    except ExtractError:
        identity = sha256(os.fsencode(path.name))
    place = make_folder(folder / identity[:16])
    replace_file(place / "reason.txt", f"{error}\n".encode())
    if isinstance(error.quarantine, pd.DataFrame):
        replace_file(place / QUARANTINE, quarantine_csv(error.quarantine))
    if not keep:
        number = len(list(place.glob("extract*")))
        move(path, place / ("extract" if number == 0 else f"extract-{number + 1}"))
    return place


def move(path: Path, target: Path) -> None:
    """Rename a file, or across file systems copy, sync and only then delete it."""
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        aside = target.with_name(f".{target.name}-{os.getpid()}")
        shutil.copyfile(path, aside, follow_symlinks=False)
        aside.chmod(FILE_MODE)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.rename(target)
        path.unlink()
    sync_folder(target.parent)


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
