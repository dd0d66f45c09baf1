"""A retention campaign as its owner writes it: one YAML file, typed and closed."""

import re
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StrictInt, StringConstraints, Tag, model_validator

from schemas.closed import Closed, Number
from schemas.contacts import BASES, Basis, Channel

_SLUG: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _check_slug(text: str) -> str:
    if not re.fullmatch(_SLUG, text) or len(text) > MOST_SLUG:
        raise ValueError(
            f"expected up to {MOST_SLUG} lower-case letters, digits and single hyphens, such as winter-2026"
        )
    return text


MOST_SLUG: Final = 40
Slug = Annotated[
    str, AfterValidator(_check_slug), Field(json_schema_extra={"pattern": _SLUG, "maxLength": MOST_SLUG})
]
MOST_REST_DAYS: Final = 365
"""The longest rest, and the shortest time for which a campaign is kept: another campaign's file says for how
long its customers rest."""
MOST_MONEY: Final = 1e9
"""The largest sum for one customer, or budget, in the currency of the costs; more is a slip."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
Money = Annotated[Number, Field(le=MOST_MONEY)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Validity(Closed):
    """The days on which customers may be contacted, both included."""

    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        return self


class Eligibility(Closed):
    """Who may be contacted at all; nobody who objected ever is."""

    risk_bands: tuple[Literal["high", "medium", "low"], ...] = Field(
        default=("high", "medium"), min_length=1, description="Risk bands of the scores."
    )
    minimum_probability: Number = Field(
        default=0.0, ge=0, le=1, description="Lowest churn probability, in addition to the bands."
    )
    out_of_domain: bool = Field(
        default=False, description="Whether to include customers unlike those that the model was trained on."
    )
    bases: tuple[Basis, ...] = Field(
        default=BASES,
        description="Legal bases, of which the customer needs one for the channel; empty if none is needed.",
    )
    rest_days: StrictInt = Field(
        default=90,
        ge=0,
        le=MOST_REST_DAYS,
        description="Days for which a customer who was on an approved list, or in its control group, is left"
        " alone; 0 for none.",
    )


class ChargesValue(Closed):
    """The value of keeping a customer: MonthlyCharges x margin x months."""

    margin: Number = Field(gt=0, le=1, description="Share of MonthlyCharges that is left after costs.")
    months: Number = Field(gt=0, le=240, description="Months for which a customer who is kept stays.")


class FileValue(Closed):
    """The value of keeping a customer, from a CSV file with the columns customerID and `column`."""

    file: str = Field(min_length=1, description="Path of the file, from the folder of the campaign file.")
    column: str = Field(min_length=1, description="Its column with the value, in the currency of the costs.")


def _kind_of_value(value: object) -> str:
    names = value if isinstance(value, dict) else {"file"} if isinstance(value, FileValue) else {}
    return "file" if {"file", "column"}.intersection(names) else "charges"


class Budget(Closed):
    """What the campaign may use; whichever limit is reached first ends the list."""

    contacts: StrictInt | None = Field(
        default=None, ge=1, description="Customers to contact; no limit if null."
    )
    money: Money | None = Field(
        default=None, gt=0, description="Expected cost of contacts and incentives; no limit if null."
    )


class Experiment(Closed):
    """A control group, so that the effect can be measured: the same customers in all its campaigns."""

    id: Slug = Field(description="A new id draws a new control group.")
    control_share: Number = Field(default=0.1, ge=0, le=0.5, description="Share of customers not contacted.")


class Campaign(Closed):
    """Whom to contact, why, at what cost, and for how long."""

    id: Slug = Field(description="Lower-case letters, digits and single hyphens.")
    validity: Validity
    offer: Line = Field(description="What the adviser offers; on every row of the list.")
    channel: Channel
    eligibility: Eligibility = Eligibility()
    value: Annotated[
        Annotated[ChargesValue, Tag("charges")] | Annotated[FileValue, Tag("file")],
        Discriminator(_kind_of_value),
    ]
    incentive: Money = Field(ge=0, description="Cost of the offer for each customer who accepts it.")
    contact_cost: Money = Field(ge=0, description="Cost of contacting a customer, whatever the answer.")
    acceptance: Number = Field(
        gt=0,
        le=1,
        description="Assumed share of leaving customers whom the offer keeps; a guess until measured.",
    )
    budget: Budget = Budget()
    experiment: Experiment
    language: Literal["fr", "en"] = Field(
        default="fr", description="Of the list for people, and of the page."
    )
    keep_days: StrictInt = Field(
        default=MOST_REST_DAYS,
        ge=MOST_REST_DAYS,
        le=3_650,
        description="Days to keep the approved list and its groups after the last day of the validity.",
    )
    decide_within_hours: StrictInt = Field(
        default=72, ge=1, le=720, description="A proposal that nobody decides on expires after this time."
    )
