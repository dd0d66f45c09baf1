"""Parameters for the simulated customers, read once from `parameters.toml`, which gives their sources."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Annotated, Final

from pydantic import Field

from schemas.closed import Closed, Number

Share = Annotated[Number, Field(ge=0, le=1)]
Positive = Annotated[Number, Field(gt=0)]
Logits = dict[str, tuple[Number, ...]]
"""Weights by feature name, for every value except the first; `base` is always added.

A name such as `a & b` stands for the product of the features `a` and `b`.
"""


class Choice(Closed):
    """A column's values, and what makes each more likely than the first."""

    values: tuple[str, ...] = Field(min_length=2)
    logits: Logits


class Riskiest(Closed):
    """The value of a column whose customers churn most, its share, and the share who could change to it."""

    value: str
    share: Share
    others: Share


class Tenure(Closed):
    """Tenure beyond its ranges."""

    new_customer_share: Share


class Charges(Closed):
    """How a customer is billed, in the CRM's currency."""

    step: Positive
    monthly_deviation: Positive
    total_deviation: Positive
    total_ratio: tuple[Positive, Positive]
    prices: dict[str, Positive]


class Contacts(Closed):
    """Shares of customers who objected, and of customers and channels with a basis."""

    objected_share: Share
    contract_share: Share
    consent_share: Share


class Parameters(Closed):
    """All parameters."""

    choices: dict[str, Choice]
    tenure: Tenure
    charges: Charges
    contacts: Contacts
    riskiest: dict[str, Riskiest]


def month_ranges(parameters: Parameters) -> Iterator[tuple[int, int]]:
    """Yield the first and last month of every range of tenure."""
    for months in parameters.choices["tenure"].values:
        first, _, last = months.partition("-")
        yield int(first), int(last or first)


PARAMETERS: Final = Parameters.model_validate(
    tomllib.loads(resources.files("tasks.core.simulator").joinpath("parameters.toml").read_text("utf-8"))
)
