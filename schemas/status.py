"""The output of `flows/status.py --json`: the operational status in counts, dates and ids."""

from datetime import date
from typing import Literal

from pydantic import Field

from schemas.campaign import Slug
from schemas.campaign_files import CampaignFolder
from schemas.closed import Closed
from schemas.horizon import Horizon
from schemas.manifest import ShortId
from schemas.scores_name import ScoresFolder
from schemas.timezone import Instant

AlarmCode = Literal[
    "home_open",
    "home_unreadable",
    "champion_missing",
    "champion_damaged",
    "champion_stale",
    "inbox_missing",
    "scores_missing",
    "scores_stale",
    "scores_drifted",
    "scores_damaged",
    "latest_damaged",
    "extract_waits",
    "extract_rejected",
    "sidecar_waits",
    "contacts_stale",
    "proposal_waits",
    "sweep_overdue",
    "disk_nearly_full",
]


class Alarm(Closed):
    """Something that an operator must look at; docs/operations.md says what to do about each code."""

    code: AlarmCode
    message: str


class ChampionStatus(Closed):
    """The bundle in service, verified against the pointer."""

    bundle_id: ShortId
    model_id: ShortId = Field(description="The id at the top of its report and model card.")
    trained_at: Instant
    since: Instant = Field(description="When it entered service.")
    action: Literal["promote", "roll back"]
    forced: bool
    gate_outcome: Literal["passed", "not proven", "refused"]
    simulated: bool
    horizon: Horizon | None = Field(default=None, description="None if it was sealed without one.")


class NightStatus(Closed):
    """One bundle's published scores for one extract; numbers count customers or lines."""

    folder: ScoresFolder
    as_of_date: date
    extract_id: ShortId
    bundle_id: ShortId
    scored_at: Instant
    simulated: bool = Field(description="Whether scored or training customers are simulated.")
    received: int = Field(ge=0)
    scored: int = Field(ge=0)
    flagged: int = Field(ge=0)
    quarantined: int = Field(ge=0)
    exact_duplicates: int = Field(ge=0)
    objected: int = Field(ge=0, description="Accepted rows of customers who objected; not scored.")
    latest: bool = Field(description="Whether latest.json points here.")
    superseded: bool = Field(
        description="Whether a corrected extract, or the same one read by other settings, was scored later."
    )


class Waiting(Closed):
    """Extracts waiting in a folder."""

    extracts: int = Field(ge=0)
    oldest_hours: float | None = Field(ge=0, description="Since the oldest arrived; None if nothing waits.")
    unfinished: int = Field(
        default=0,
        ge=0,
        description="How many of them are named like unfinished uploads and are left alone.",
    )


class Rejection(Closed):
    """A recently rejected extract."""

    place: str = Field(description="Its folder below rejected/.")
    at: Instant
    reason: str


class ProposalStatus(Closed):
    """A proposal that waits for a decision."""

    name: CampaignFolder
    campaign: Slug
    contacts: int = Field(ge=0)
    proposed_at: Instant
    expires_at: Instant


class CampaignStatus(Closed):
    """An approved campaign whose validity includes today, or begins later."""

    name: CampaignFolder
    campaign: Slug
    contacts: int = Field(ge=0)
    controls: int = Field(ge=0)
    approved_at: Instant
    last_day: date


class Disk(Closed):
    """The disk that holds the home folder, in bytes."""

    total_bytes: int = Field(ge=0)
    free_bytes: int = Field(ge=0)
    used_bytes: dict[str, int] = Field(description="For each folder in the home folder.")


class Status(Closed):
    """The operational status at a point in time."""

    format_version: Literal[1] = 1
    at: Instant
    timezone: str = Field(description="In which days begin and end, and the page shows times.")
    running: bool = Field(description="Whether a run is scoring now.")
    champion: ChampionStatus | None
    nights: tuple[NightStatus, ...] = Field(description="Newest as-of dates first.")
    inbox: Waiting
    work: Waiting
    rejected: tuple[Rejection, ...] = Field(description="Newest first.")
    proposals: tuple[ProposalStatus, ...] = Field(description="Those that nobody has decided on yet.")
    campaigns: tuple[CampaignStatus, ...] = Field(description="Those that are not over.")
    disk: Disk
    alarms: tuple[Alarm, ...]
