"""Messages between a run and the process that reports to Prefect, one line of JSON each.

Counts, metrics, paths and names of steps; never a customer's value.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from schemas.closed import Closed


class RunBegan(Closed):
    """A run begins, started by hand or by Prefect, which then has an id for it."""

    kind: Literal["run began"] = "run began"
    flow: str
    run_id: UUID | None
    name: str
    tags: tuple[str, ...]
    parameters: dict[str, Any]


class StepBegan(Closed):
    """A step begins, perhaps not for the first time; `after` identifies the step before it."""

    kind: Literal["step began"] = "step began"
    step_id: UUID
    after: UUID | None
    step: str
    name: str


class StepEnded(Closed):
    """A step ends; `error` is set if it failed."""

    kind: Literal["step ended"] = "step ended"
    step_id: UUID
    error: str | None


class Logged(Closed):
    """A line of the log."""

    kind: Literal["logged"] = "logged"
    step_id: UUID | None
    level: int
    message: str
    at: datetime


class Page(Closed):
    """A page of Markdown for the dashboard."""

    kind: Literal["page"] = "page"
    step_id: UUID | None
    key: str
    markdown: str
    description: str


class Progressed(Closed):
    """How far a long task has progressed, in percent."""

    kind: Literal["progressed"] = "progressed"
    step_id: UUID | None
    what: str
    percent: float


class Concluded(Closed):
    """What a run came to, in a few words; Prefect's lists show nothing else of it than its name and state."""

    kind: Literal["concluded"] = "concluded"
    result: str


class Announced(Closed):
    """Something happened to a resource; an automation of Prefect may react to the event."""

    kind: Literal["announced"] = "announced"
    event: str
    resource: str
    facts: dict[str, str | int]
    event_id: UUID
    at: datetime


class Forget(Closed):
    """A request to delete, within `seconds`, the runs of these flows that ended before a given time."""

    kind: Literal["forget"] = "forget"
    flows: tuple[str, ...]
    before: datetime
    dry_run: bool
    seconds: float


class RunEnded(Closed):
    """A run ends in a Prefect state, given by its type and, optionally, a custom name."""

    kind: Literal["run ended"] = "run ended"
    type: Literal["COMPLETED", "FAILED", "CRASHED"]
    name: str | None
    message: str


RunEvent = Annotated[
    RunBegan | StepBegan | StepEnded | Logged | Page | Progressed | Concluded | Announced | Forget | RunEnded,
    Field(discriminator="kind"),
]
RUN_EVENT: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)


class Unreachable(Closed):
    """Prefect's API has not been reachable or usable so far."""

    kind: Literal["unreachable"] = "unreachable"
    why: str


class Forgotten(Closed):
    """A run that was deleted, and the day on which it ended."""

    kind: Literal["forgotten"] = "forgotten"
    ended_at: datetime


class ForgetEnded(Closed):
    """The deletion of runs has ended; `complete` says whether all were deleted."""

    kind: Literal["forget ended"] = "forget ended"
    complete: bool


class FinalReport(Closed):
    """The last message: how many reports Prefect did not accept and why, and whether it gave up."""

    kind: Literal["final report"] = "final report"
    dropped: int
    why: str | None
    gave_up: bool


Reply = Annotated[Unreachable | Forgotten | ForgetEnded | FinalReport, Field(discriminator="kind")]
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
