"""The horizon of a label: within how many days after the extract's day a customer leaves."""

from typing import Literal, Self

from pydantic import Field

from schemas.closed import Closed
from schemas.config import ASSUMED_HORIZON_DAYS, OutcomeConfig


class Horizon(Closed):
    """A horizon, and whether the operator declared it; a bundle sealed without one has none."""

    days: int = Field(ge=1)
    source: Literal["declared", "assumed"]

    @classmethod
    def of(cls, outcome: OutcomeConfig) -> Self:
        """Take what the operator declared, or assume the default."""
        if outcome.horizon_days is None:
            return cls(days=ASSUMED_HORIZON_DAYS, source="assumed")
        return cls(days=outcome.horizon_days, source="declared")
