"""Delete what is past its time: first out of sight by a rename, then proven in a log, then gone.

A kill at any moment leaves what is hidden to the next sweep, which proves and deletes it; what it had
proven already is then counted twice, never not at all.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Kind, Swept
from tasks.core.files import FILE_MODE, flush_to_disk, sync_folder
from tasks.core.filing import REASON
from tasks.core.latest import find_latest, read_latest, read_manifest

HIDDEN: Final = ".expired-"

Expiry = Callable[[Path], date | None]
"""Gives the last day that a file or folder is kept; None for what is not ours to delete."""


@dataclass(frozen=True)
class Expired:
    """A file or folder that is past its time, and the day it is of where that is known."""

    kind: Kind
    path: Path
    day: date | None

    @property
    def bytes(self) -> int:
        """Its size on the disk."""
        files = [self.path, *self.path.rglob("*")] if self.path.is_dir() else [self.path]
        return sum(path.lstat().st_size for path in files if not path.is_dir() or path.is_symlink())


def find_expired(places: Locations, policy: RetentionPolicy, champion: str, today: date) -> list[Expired]:
    """List what is past its time on that day, and what an interrupted sweep had hidden.

    Of the latest scores, of inbox and work, and of bundles nothing is ever listed.
    """
    pointed, latest = read_latest(places.scores), find_latest(places.scores, champion)
    kept = {each.folder for each in (pointed, latest) if each is not None}

    def scores(path: Path) -> date | None:
        manifest = None if path.name in kept else read_manifest(path)
        return manifest.expires_on if manifest is not None else None

    def after(days: int, day_of: Callable[[Path], date | None]) -> Expiry:
        return lambda path: day + timedelta(days=days) if (day := day_of(path)) is not None else None

    rules: dict[Kind, tuple[Path, Callable[[Path], date | None], Expiry]] = {
        "archive": (places.archive, _day_in_name, after(policy.archive_days, _day_in_name)),
        "rejected": (places.rejected, _day_of_reason, after(policy.rejected_days, _day_of_reason)),
        "scores": (places.scores, _day_in_name, scores),
        "runs": (places.runs, _day_of_run, after(policy.runs_days, _day_of_run)),
    }
    return [
        Expired(kind, path, day_of(path))
        for kind, (folder, day_of, expiry) in rules.items()
        for path in sorted(folder.glob("*"))
        if path.name.startswith(HIDDEN)
        or (not path.name.startswith(".") and (last := expiry(path)) is not None and last < today)
    ]


def hide(expired: list[Expired]) -> list[Expired]:
    """Take what is past its time out of sight; give where it lies now."""
    hidden = []
    for each in expired:
        path = each.path
        if not path.name.startswith(HIDDEN):
            path = path.rename(path.with_name(f"{HIDDEN}{path.name}"))
        hidden.append(Expired(each.kind, path, each.day))
    for folder in {each.path.parent for each in hidden}:
        sync_folder(folder)
    return hidden


def prove(expired: list[Expired], at: datetime) -> list[Swept]:
    """Count by kind; a kind of which nothing is past its time counts none."""
    kinds: tuple[Kind, ...] = ("archive", "rejected", "scores", "runs")
    return [_count(kind, [each for each in expired if each.kind == kind], at) for kind in kinds]


def write_proof(log: Path, proof: list[Swept]) -> None:
    """Append to the log, which is never rewritten, and sync it to the disk."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
    with os.fdopen(descriptor, "ab") as file:
        file.write("".join(f"{each.model_dump_json()}\n" for each in proof).encode())
        flush_to_disk(file)


def delete(expired: list[Expired]) -> None:
    """Delete what is hidden."""
    for each in expired:
        if each.path.is_dir() and not each.path.is_symlink():
            shutil.rmtree(each.path)
        else:
            each.path.unlink()


def _count(kind: Kind, expired: list[Expired], at: datetime) -> Swept:
    days = [each.day for each in expired if each.day is not None]
    return Swept(
        at=at,
        kind=kind,
        deleted=len(expired),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        bytes=sum(each.bytes for each in expired),
    )


def _day_in_name(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.name.removeprefix(HIDDEN)[:10])
    except ValueError:
        return None


def _day_of_reason(path: Path) -> date | None:
    try:
        return datetime.fromtimestamp((path / REASON).stat().st_mtime, tz=UTC).date()
    except OSError:
        return None


def _day_of_run(path: Path) -> date | None:
    try:
        return (
            datetime.strptime(path.name.removeprefix(HIDDEN)[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).date()
        )
    except ValueError:
        return None
