"""A number that knows its own uncertainty."""

from schemas.closed import Closed


class Measure(Closed):
    """A metric with its 95 % interval; None where it could not be computed, which no gate passes."""

    value: float | None
    low: float | None
    high: float | None
