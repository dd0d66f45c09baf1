"""The contracts of what a campaign publishes: the list for machines, the groups, and their manifest."""

from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.campaign import Campaign
from schemas.closed import Closed
from schemas.horizon import Horizon
from schemas.manifest import ContactsUsed, FileSeal, Sha256, ShortId
from schemas.scores_name import ScoresFolder
from schemas.timezone import Instant, Timezone

CALL_COLUMNS: Final = (
    "campaign_id",
    "customerID",
    "priority",
    "decile",
    "risk_band",
    "reason_1",
    "reason_2",
    "suggested_action",
    "monthly_value",
    "expected_value",
    "phone",
    "email",
    "sms",
    "basis",
    "model_version",
    "scored_on",
    "valid_until",
    "adviser_decision",
)
"""Columns of campaign.csv, in order. `priority` counts from 1; `monthly_value` is MonthlyCharges;
`expected_value` is the expected profit of the contact; `reason_*` is `column=value` or empty; `phone`,
`email` and `sms` are 1 where the customer has a basis for the channel; `basis` is that of the campaign's
channel; `adviser_decision` is empty."""

MEASUREMENT_COLUMNS: Final = ("customerID", "group", "bucket")

BUCKETS: Final = 10_000

Exclusion = Literal["objected", "out_of_domain", "risk", "no_basis", "rests", "no_value"]
EXCLUSIONS: Final[tuple[Exclusion, ...]] = (
    "objected",
    "out_of_domain",
    "risk",
    "no_basis",
    "rests",
    "no_value",
)
"""Why a customer is not eligible, in the order in which the reasons are tried; the first one counts."""


class Funnel(Closed):
    """Every scored customer, in exactly one group."""

    scored: int = Field(ge=0)
    contacts: int = Field(ge=0)
    controls: int = Field(ge=0)
    below_cut: int = Field(
        ge=0, description="Eligible, but the budget ends before, or the cost exceeds the gain."
    )
    unprofitable: int = Field(
        ge=0, description="How many of those below the cut would cost more than they bring."
    )
    not_eligible: dict[Exclusion, int] = Field(description="By the first reason.")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        found = self.contacts + self.controls + self.below_cut + sum(self.not_eligible.values())
        if found != self.scored:
            raise ValueError(f"{self.scored} customers were scored but {found} are in a group")
        return self

    @property
    def eligible(self) -> int:
        """Customers who may be contacted."""
        return self.contacts + self.controls + self.below_cut


class Power(Closed):
    """What the campaign can show about its effect, before it starts: two-sided test, 5 % level."""

    contacts: int = Field(ge=0)
    controls: int = Field(ge=0)
    control_churn: float | None = Field(
        ge=0, le=1, description="Assumed: the mean probability of both groups."
    )
    smallest_effect: float | None = Field(
        ge=0,
        le=1,
        description="Drop in the share that leaves, detected with 80 % power; None if no drop is.",
    )
    relative_effect: float = Field(gt=0, lt=1, description="The relative drop to which the next two refer.")
    power: float | None = Field(ge=0, le=1, description="Probability of detecting it with these groups.")
    customers_needed: int | None = Field(
        ge=0, description="Contacts and controls together that detect it with 80 % power; None if impossible."
    )


class CurvePoint(Closed):
    """The best contacts so far, and the sum of their expected profit."""

    contacts: int = Field(ge=0)
    profit: float


class Bin(Closed):
    """Customers in an interval of churn probability, of everybody scored and of the list."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    everybody: int = Field(ge=0)
    contacts: int = Field(ge=0)


class ReasonCount(Closed):
    """How often a column is the first reason, among everybody scored and on the list."""

    column: str = Field(description="Empty where nothing raises the risk.")
    everybody: int = Field(ge=0)
    contacts: int = Field(ge=0)


class ShareOf(Closed):
    """A share with its 95 % Wilson interval."""

    count: int = Field(ge=0)
    of: int = Field(ge=0)
    share: float | None = Field(ge=0, le=1, description="None of nobody.")
    low: float | None = Field(ge=0, le=1)
    high: float | None = Field(ge=0, le=1)


class GroupShare(Closed):
    """The share of a protected group among everybody scored, among the eligible and on the list."""

    column: str
    value: str
    everybody: ShareOf
    eligible: ShareOf
    contacts: ShareOf


class Totals(Closed):
    """Sums over the contacts, in the campaign's currency; promises of a model, not results."""

    expected_profit: float
    expected_cost: float = Field(ge=0)
    mean_probability: float | None = Field(ge=0, le=1, description="None of nobody.")


class Plan(Closed):
    """What a campaign would do, in counts and sums."""

    funnel: Funnel
    totals: Totals
    power: Power
    curve: tuple[CurvePoint, ...] = Field(description="Over all profitable customers but the control group.")
    risk: tuple[Bin, ...]
    reasons: tuple[ReasonCount, ...]
    protected: tuple[GroupShare, ...]


MOST_NAME: Final = 100
MOST_COMMENT: Final = 1_000
"""Characters of the name and the comment of whoever decides."""


class Decision(Closed):
    """How a proposal ended."""

    outcome: Literal["approved", "refused", "timed out"]
    by: str | None = Field(description="The person who decided; None if nobody did.")
    at: Instant
    comment: str = ""


class ScoresUsed(Closed):
    """The scores that a campaign is made from."""

    folder: ScoresFolder
    manifest_sha256: Sha256
    extract_id: ShortId
    bundle_id: ShortId
    model_id: ShortId | None
    simulated: bool
    horizon: Horizon | None = Field(
        description="Within how many days a customer leaves; None if not declared."
    )


CampaignFolder = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{16}$")
]


class Proposal(Closed):
    """`proposal.json`: what was proposed, from what, and until when it can be decided."""

    format_version: Literal[1] = 1
    name: CampaignFolder
    attempt: int = Field(ge=0, description="Earlier proposals from the same inputs, which were decided.")
    campaign: Campaign
    campaign_sha256: Sha256
    value_file: str | None = Field(
        description="Path of the file with the customers' values, if there is one."
    )
    value_sha256: Sha256 | None = Field(description="Of that file.")
    key_id: ShortId = Field(description="Identifies the key by which the control group is drawn.")
    as_of: date
    scores: ScoresUsed
    extract: str | None = Field(description="Path of the extract, if it is not the archived one.")
    contacts: ContactsUsed
    resting: tuple[CampaignFolder, ...] = Field(
        description="Lists whose customers were left alone when this was proposed."
    )
    plan: Plan
    timezone: Timezone
    run_id: UUID | None = Field(description="Prefect's run that waits for the decision; None by hand.")
    proposed_at: Instant
    expires_at: Instant


class Proposed(Closed):
    """What the person who approved had seen; the plan is that of the moment of approval."""

    contacts: int = Field(ge=0)
    controls: int = Field(ge=0)
    expected_profit: float


class CampaignManifest(Closed):
    """The seal of an approved campaign's folder."""

    format_version: Literal[1] = 1
    files: dict[str, FileSeal]
    name: CampaignFolder
    proposal: CampaignFolder
    campaign: Campaign
    campaign_sha256: Sha256
    value_sha256: Sha256 | None = Field(description="Of the file with the customers' values.")
    key_id: ShortId
    as_of: date
    scores: ScoresUsed
    contacts: ContactsUsed
    plan: Plan
    proposed: Proposed
    decision: Decision
    versions: dict[str, str]
    expires_on: date = Field(description="The folder is deleted after this day.")
