"""The record of what was deleted: counts and dates, never an id or a name."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from schemas.closed import Closed
from schemas.timezone import Instant

FileKind = Literal[
    "archive",
    "rejected",
    "scores",
    "runs",
    "truth",
    "contacts",
    "proposals",
    "campaigns",
    "prefect_files",
]
Kind = FileKind | Literal["prefect"]


class Swept(Closed):
    """A line of `retention.jsonl`: what a sweep deleted of one kind, and how much it failed to delete."""

    format_version: Literal[1] = 1
    at: Instant = Field(description="When the sweep began.")
    kind: Kind
    deleted: int = Field(ge=0, description="Files or folders; flow runs for prefect.")
    failed: int = Field(default=0, ge=0, description="Expired but not deleted; the next sweep tries again.")
    unreadable: bool = Field(
        default=False, description="Whether something of this kind could not be read; it may have expired."
    )
    oldest: date | None = Field(description="The earliest day among what was deleted; None if unknown.")
    newest: date | None
    bytes: int | None = Field(ge=0, description="Disk space freed; None for prefect.")


class Item(Closed):
    """A file or folder that has expired, as it was before the deletion began."""

    kind: Kind
    path: Path = Field(description="Below the home folder; absolute if it is elsewhere.")
    day: date | None = Field(description="The day it belongs to; None if unknown.")
    bytes: int = Field(ge=0, description="Size on disk, as far as it could be read.")


class Pending(Closed):
    """The content of `.retention-pending.json`: what a sweep deletes, until it is logged."""

    format_version: Literal[1] = 1
    at: Instant = Field(description="When the sweep began; the timestamp of its lines in the log.")
    items: tuple[Item, ...]
