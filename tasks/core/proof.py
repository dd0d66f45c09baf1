"""Prove in a log what sweeps delete: counts and dates, never an id or a name."""

import os
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from schemas.retention import Kind, Swept
from tasks.core.files import FILE_MODE, flush_to_disk
from tasks.core.retention import Expired


def prove(expired: list[Expired], at: datetime, unreadable: Collection[Kind] = ()) -> list[Swept]:
    """Count by kind what is about to be deleted; a kind of which nothing is past its time counts none."""
    kinds: tuple[Kind, ...] = ("archive", "rejected", "scores", "runs")
    return [_count(kind, expired, at, unreadable=kind in unreadable) for kind in kinds]


def take_back(left: list[Expired], at: datetime) -> list[Swept]:
    """Count by kind what was proven and did not go; only kinds of which something is left."""
    kinds = sorted({each.kind for each in left})
    return [_count(kind, left, at, failed=True) for kind in kinds]


def write_proof(log: Path, proof: list[Swept]) -> None:
    """Append to the log, which is never rewritten, and sync it to the disk."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
    with os.fdopen(descriptor, "ab") as file:
        file.write("".join(f"{each.model_dump_json()}\n" for each in proof).encode())
        flush_to_disk(file)


def last_sweep(log: Path, now: datetime) -> datetime | None:
    """Tell when the last sweep until now wrote to the log; None where none did.

    Lines that a power cut broke are passed over, and those of a clock that was ahead.
    """
    with suppress(FileNotFoundError):
        for line in reversed(log.read_bytes().splitlines()):
            with suppress(ValidationError):
                if (at := Swept.model_validate_json(line).at) <= now:
                    return at
    return None


def _count(
    kind: Kind, expired: list[Expired], at: datetime, *, failed: bool = False, unreadable: bool = False
) -> Swept:
    found = [each for each in expired if each.kind == kind]
    days = [each.day for each in found if each.day is not None]
    return Swept(
        at=at,
        kind=kind,
        deleted=0 if failed else len(found),
        failed=len(found) if failed else 0,
        unreadable=unreadable,
        oldest=min(days, default=None),
        newest=max(days, default=None),
        bytes=sum(each.bytes for each in found),
    )
