"""Intervals of shares."""

import math

from schemas.measures import Measure
from tasks.core.extract.audit import SMALLEST_CELL
from tasks.core.training.delong import Z_95


def proportion(hits: int, n: int) -> Measure:
    """Give hits / n with its 95 % score interval; nothing of fewer than ten customers.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if n < SMALLEST_CELL:
        return Measure(value=None, low=None, high=None)
    p, z2 = hits / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half_width = Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Measure(value=p, low=min(p, centre - half_width), high=max(p, centre + half_width))
