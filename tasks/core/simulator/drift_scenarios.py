"""How a simulated population may differ from the one the parameters describe."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.errors import ConfigError
from tasks.core.simulator.choice import Tilt

Drift = Mapping[str, float]
"""Column, each with its shift: relative for a number, added to the riskiest value's share for a category."""

DRIFTING_NUMBERS: Final = ("tenure", "MonthlyCharges")
"""TotalCharges follows these two."""

NUMBER_SHIFTS: Final = (-0.9, 1.0)
"""Least and greatest relative change of a number."""

RISKIEST: Final[dict[str, tuple[str, float, float]]] = {
    "gender": ("Female", 0.495, 0.505),
    "SeniorCitizen": ("1", 0.162, 0.838),
    "Partner": ("No", 0.517, 0.483),
    "Dependents": ("No", 0.700, 0.300),
    "PhoneService": ("Yes", 0.903, 0.097),
    "MultipleLines": ("Yes", 0.422, 0.481),
    "InternetService": ("Fiber optic", 0.440, 0.463),
    "OnlineSecurity": ("No", 0.497, 0.287),
    "OnlineBackup": ("No", 0.438, 0.345),
    "DeviceProtection": ("No", 0.439, 0.344),
    "TechSupport": ("No", 0.493, 0.290),
    "StreamingTV": ("No", 0.399, 0.384),
    "StreamingMovies": ("No", 0.395, 0.388),
    "Contract": ("Month-to-month", 0.550, 0.450),
    "PaperlessBilling": ("Yes", 0.592, 0.408),
    "PaymentMethod": ("Electronic check", 0.336, 0.664),
}
"""The value whose customers churn most, its share, and the share of customers who could change to it.

Customers without telephone or internet have no say in what belongs to it, so value and
others need not add up to 1.
Source: margins of the public IBM Telco Customer Churn sample, rounded.
"""


def parse_drift(arguments: Sequence[str]) -> dict[str, float]:
    """Read `COLUMN=SHIFT` settings and check that each is possible.

    Raises:
        ConfigError: A setting is malformed, names a column that cannot drift, or shifts too far.
    """
    drift: dict[str, float] = {}
    for argument in arguments:
        column, _, text = argument.partition("=")
        try:
            shift = float(text)
        except ValueError:
            raise ConfigError(
                f"drift {argument!r}: expected COLUMN=SHIFT with a number, such as tenure=0.2"
            ) from None
        if column in drift:
            raise ConfigError(f"drift: column {column!r} is given twice; give it once")
        drift[column] = shift
    check_drift(drift)
    return drift


def check_drift(drift: Drift) -> None:
    """Refuse a drift that the population cannot follow.

    Raises:
        ConfigError: It names a column that cannot drift, or shifts too far.
    """
    for column, shift in drift.items():
        if column in DRIFTING_NUMBERS:
            least, greatest = NUMBER_SHIFTS
        elif column in RISKIEST:
            _, share, others = RISKIEST[column]
            least, greatest = -share, others
        else:
            known = ", ".join((*DRIFTING_NUMBERS, *RISKIEST))
            raise ConfigError(f"drift: column {column!r} cannot drift; expected one of {known}")
        if not (math.isfinite(shift) and least <= shift <= greatest):
            raise ConfigError(
                f"drift: {column} can shift by {least:g} to {greatest:g}, not by {shift:g}; choose again"
            )


def tilt(drift: Drift, column: str) -> Tilt | None:
    """Return how a category's probabilities change, or nothing when the column does not drift."""
    shift = drift.get(column, 0.0)
    if shift == 0:
        return None
    value, share, others = RISKIEST[column]
    return Tilt(value, shift / others if shift > 0 else shift / share)
