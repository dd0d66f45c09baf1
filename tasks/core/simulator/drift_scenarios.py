"""How a simulated population drifts from the one that the parameters describe."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.errors import ConfigError
from tasks.core.simulator.choice import Tilt
from tasks.core.simulator.parameters import PARAMETERS

Drift = Mapping[str, float]
"""Shift by column: relative for a number, added to the riskiest value's share for a category."""

DRIFTING_NUMBERS: Final = ("tenure", "MonthlyCharges")
"""TotalCharges follows these two."""

NUMBER_SHIFTS: Final = (-0.9, 1.0)
"""Smallest and largest relative change in a number."""


def parse_drift(arguments: Sequence[str]) -> dict[str, float]:
    """Parse and check `COLUMN=SHIFT` settings.

    Raises:
        ConfigError: A setting is malformed, names a column that cannot drift, or shifts too far.
    """
    drift: dict[str, float] = {}
    for argument in arguments:
        column, _, text = argument.partition("=")
        try:
            shift = float(text)
        except ValueError:
            raise ConfigError(f"drift {argument!r}: expected COLUMN=SHIFT, such as tenure=0.2") from None
        if column in drift:
            raise ConfigError(f"drift: column {column!r} is given more than once")
        drift[column] = shift
    check_drift(drift)
    return drift


def check_drift(drift: Drift) -> None:
    """Refuse a drift that is impossible.

    Raises:
        ConfigError: It names a column that cannot drift, or shifts too far.
    """
    for column, shift in drift.items():
        if column in DRIFTING_NUMBERS:
            least, greatest = NUMBER_SHIFTS
        elif column in PARAMETERS.riskiest:
            riskiest = PARAMETERS.riskiest[column]
            least, greatest = -riskiest.share, riskiest.others
        else:
            known = ", ".join((*DRIFTING_NUMBERS, *PARAMETERS.riskiest))
            raise ConfigError(f"drift: column {column!r} cannot drift; expected one of {known}")
        if not (math.isfinite(shift) and least <= shift <= greatest):
            raise ConfigError(f"drift: {column} can shift by {least:g} to {greatest:g}, not by {shift:g}")


def tilt(drift: Drift, column: str) -> Tilt | None:
    """Return how a category's probabilities change, or None if the column does not drift."""
    shift = drift.get(column, 0.0)
    if shift == 0:
        return None
    riskiest = PARAMETERS.riskiest[column]
    return Tilt(riskiest.value, shift / (riskiest.others if shift > 0 else riskiest.share))
