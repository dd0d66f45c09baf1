"""Append-only retention log: counts and dates, no identifiers."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

from pydantic import ValidationError

from schemas.retention import FileKind, Item, Kind, Swept
from tasks.core.storage.atomic import FILE_MODE, flush_to_disk, sync_folder

FILES: Final[tuple[Kind, ...]] = get_args(FileKind)
"""The kinds that are files or folders."""


def count_deletions(
    deleted: Collection[Item],
    at: datetime,
    *,
    failed: Collection[Kind] = (),
    unreadable: Collection[Kind] = (),
) -> list[Swept]:
    """Count by kind what a sweep deleted; a kind with nothing expired counts zero.

    `failed` lists the kind of each item that could not be deleted.
    """
    return [
        _count(
            kind,
            [item for item in deleted if item.kind == kind],
            at,
            failed=sum(each == kind for each in failed),
            unreadable=kind in unreadable,
        )
        for kind in FILES
    ]


def append_log(log: Path, proof: list[Swept]) -> None:
    """Append to the log, which is never rewritten, and sync it to disk.

    A line cut off by a power failure is terminated first, so that it does not corrupt the next one.
    """
    descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
    with os.fdopen(descriptor, "a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        broken = file.read() not in (b"", b"\n")
        lines = "".join(f"{each.model_dump_json()}\n" for each in proof)
        file.write(b"\n" * broken + lines.encode())
        flush_to_disk(file)
    sync_folder(log.parent)


def read_log(log: Path) -> Iterator[Swept]:
    """Read the log, last line first; broken lines are skipped."""
    with suppress(FileNotFoundError):
        for line in reversed(log.read_bytes().splitlines()):
            with suppress(ValidationError):
                yield Swept.model_validate_json(line)


def last_sweep(log: Path, now: datetime) -> datetime | None:
    """Return when the last sweep until `now` began; None if there was none.

    Lines dated in the future, by a clock that was ahead, are skipped.
    """
    return next((each.at for each in read_log(log) if each.at <= now), None)


def _count(kind: Kind, deleted: list[Item], at: datetime, *, failed: int, unreadable: bool) -> Swept:
    days = [item.day for item in deleted if item.day is not None]
    return Swept(
        at=at,
        kind=kind,
        deleted=len(deleted),
        failed=failed,
        unreadable=unreadable,
        oldest=min(days, default=None),
        newest=max(days, default=None),
        bytes=sum(item.bytes for item in deleted),
    )
