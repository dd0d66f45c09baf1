"""95 % intervals, and how a measure is printed with its interval."""

import math
from statistics import NormalDist
from typing import Final

from schemas.disclosure import SMALLEST_CELL
from schemas.measures import Measure

Z_95: Final = round(NormalDist().inv_cdf(0.975), 15)
"""Half width of a 95 % interval in standard errors; `inv_cdf` is exact to 15 decimals."""


def proportion(hits: int, n: int) -> Measure:
    """Return hits / n with its 95 % score interval; values are None for fewer than ten customers."""
    if n < SMALLEST_CELL:
        return Measure(value=None, low=None, high=None)
    low, high = wilson(hits, n)
    return Measure(value=hits / n, low=low, high=high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share; it contains the share itself, and lies within 0 and 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    p, z2 = hits / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half_width = Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(p, centre - half_width)), min(1.0, max(p, centre + half_width))


def with_interval(measure: Measure, missing: str, *, digits: int = 3, sign: str = "") -> str:
    """Format a measure and its interval, or return `missing` if it is not a finite number."""
    if measure.value is None or not math.isfinite(measure.value):
        return missing
    form = f"{sign}.{digits}f"
    if measure.low is None or measure.high is None:
        return f"{measure.value:{form}}"
    return f"{measure.value:{form}} ({measure.low:{form}} to {measure.high:{form}})"
