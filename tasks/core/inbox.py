"""Follow extracts from the inbox to the archive or the rejected ones; each ends in exactly one."""

from datetime import date
from pathlib import Path

import pandas as pd

from tasks.core.errors import ConfigError, ExtractError
from tasks.core.files import make_folder, replace_file, sha256
from tasks.core.publishing import QUARANTINE, quarantine_csv


def waiting(inbox: Path) -> list[Path]:
    """List the extracts that wait, by name; hidden files are still on their way and left alone.

    Raises:
        ConfigError: there is no inbox, which is not the same as an empty one.
    """
    if not inbox.is_dir():
        raise ConfigError(
            f"there is no inbox at '{inbox}'. Make the folder and drop extracts there, or give --extract."
        )
    return sorted(path for path in inbox.iterdir() if not path.name.startswith("."))


def archive(path: Path, folder: Path, as_of: date, extract_id: str) -> Path:
    """Move a scored extract away under its date and id; a second delivery of it ends there too."""
    target = make_folder(folder) / f"{as_of.isoformat()}-{extract_id}.csv"
    path.replace(target)
    return target


def reject(path: Path, folder: Path, error: ExtractError, *, move: bool) -> Path:
    """Write why an extract was refused, and which rows were bad; move it there where asked.

    The folder is named after the hash of the extract's bytes.
    """
    data = path.read_bytes()
    place = make_folder(folder / sha256(data)[:16])
    replace_file(place / "reason.txt", f"{error}\n".encode())
    if isinstance(error.quarantine, pd.DataFrame):
        replace_file(place / QUARANTINE, quarantine_csv(error.quarantine))
    if move:
        path.replace(place / "extract")
    return place
