"""Parameters of the simulated customers, read once from `parameters.toml`, which gives their sources."""

import math
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.closed import Closed, Number
from schemas.columns import CATEGORIES, INTERNET_SERVICES, TARGET

Share = Annotated[Number, Field(ge=0, le=1)]
Positive = Annotated[Number, Field(gt=0)]
Logits = dict[str, tuple[Number, ...]]
"""Weights by feature name, for every value except the first; `base` is always added.

A name such as `a & b` stands for the product of the features `a` and `b`.
"""

_TENURE_SHAPES: Final = ("years", "log_months", "new", "first year")
_NOT_FOR_EVERYONE: Final = ("MultipleLines", "InternetService", *INTERNET_SERVICES)
"""Columns that are fixed for customers without telephone or internet."""


class Choice(Closed):
    """The values of a column, and what makes each more likely than the first."""

    values: tuple[str, ...] = Field(min_length=2)
    logits: Logits

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("values must differ")
        if "base" not in self.logits:
            raise ValueError("logits must have a base")
        if any(len(weights) != len(self.values) - 1 for weights in self.logits.values()):
            raise ValueError("logits must have a weight for every value but the first")
        return self


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

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.step not in {cents / 100 for cents in (1, 2, 4, 5, 10, 20, 25, 50)}:
            raise ValueError("step must divide a unit and be whole cents")
        if not self.total_ratio[0] <= 1 <= self.total_ratio[1]:
            raise ValueError("total_ratio must enclose 1")
        return self


class Parameters(Closed):
    """All parameters."""

    choices: dict[str, Choice]
    tenure: Tenure
    charges: Charges
    riskiest: dict[str, Riskiest]

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = {"base"}
        for column, choice in self.choices.items():
            _check_features(
                column, {name for joined in choice.logits for name in joined.split(" & ")} - known
            )
            known |= set(_TENURE_SHAPES if column == "tenure" else _values_of(column, choice))
        _check_features("prices", set(self.charges.prices) - known)
        if set(self.choices) != {*CATEGORIES, "tenure", TARGET} or set(self.riskiest) != set(CATEGORIES):
            raise ValueError("choices and riskiest must name every column")
        for column, riskiest in self.riskiest.items():
            _check_shares(column, riskiest)
        months = [month for first, last in month_ranges(self) for month in range(first, last + 1)]
        if months != list(range(1, len(months) + 1)):
            raise ValueError("the ranges of tenure must be contiguous from month 1 on")
        return self


def month_ranges(parameters: Parameters) -> Iterator[tuple[int, int]]:
    """Yield the first and last month of every range of tenure."""
    for months in parameters.choices["tenure"].values:
        first, _, last = months.partition("-")
        yield int(first), int(last or first)


def _check_features(column: str, unknown: set[str]) -> None:
    if unknown:
        raise ValueError(f"{column}: no earlier link provides {sorted(unknown)}")


def _values_of(column: str, choice: Choice) -> list[str]:
    vocabulary = CATEGORIES.get(column, choice.values)
    if not set(choice.values) <= set(vocabulary):
        raise ValueError(f"{column}: expected values of {vocabulary}, got {choice.values}")
    return [f"{column}={value}" for value in vocabulary]


def _check_shares(column: str, riskiest: Riskiest) -> None:
    total = riskiest.share + riskiest.others
    whole = total <= 1 if column in _NOT_FOR_EVERYONE else math.isclose(total, 1)
    if riskiest.value not in CATEGORIES[column] or not whole:
        raise ValueError(f"{column}: expected a value of the column and shares that sum to 1")


PARAMETERS: Final = Parameters.model_validate(
    tomllib.loads(resources.files("tasks.core.simulator").joinpath("parameters.toml").read_text("utf-8"))
)
