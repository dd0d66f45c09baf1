"""A metric with its uncertainty."""

from schemas.closed import Closed


class Measure(Closed):
    """A metric with its 95 % interval; None if it could not be computed, which no gate check passes."""

    value: float | None
    low: float | None
    high: float | None
