"""The proof of what was deleted: counts and dates, never an id or a name."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from schemas.closed import Closed

Kind = Literal["archive", "rejected", "scores", "runs", "prefect"]


class Swept(Closed):
    """A line of `retention.jsonl`: what a sweep deletes of a kind, before it does, or could not, after."""

    format_version: Literal[1] = 1
    at: datetime
    kind: Kind
    deleted: int = Field(ge=0, description="Files or folders; runs of flows for prefect.")
    failed: int = Field(
        default=0,
        ge=0,
        description="Counted as deleted on an earlier line, and still there; the next sweep tries again.",
    )
    unreadable: bool = Field(
        default=False, description="Whether some of the kind could not be read; it may be past its time."
    )
    oldest: date | None = Field(description="The first day among them; None where it is not known.")
    newest: date | None
    bytes: int | None = Field(ge=0, description="On the disk; None for prefect.")
