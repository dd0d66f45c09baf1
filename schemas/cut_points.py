"""Where probabilities are cut into flags, deciles and bands: the content of `cut_points.json`."""

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from schemas.closed import Closed

DECILES = 10


class CutPoints(Closed):
    """Cut points for the churn probability, fixed in the bundle so that they mean the same every night."""

    threshold: float = Field(
        ge=0, le=1, description="churn_flag is 1 at or above this; maximises F1 on unseen customers."
    )
    deciles: tuple[float, ...] = Field(
        min_length=DECILES - 1,
        max_length=DECILES - 1,
        description="Decile d (1 = highest risk) starts at the d-th value; quantiles, descending.",
    )
    high: float = Field(ge=0, le=1, description="Lower bound of risk_band high: the two riskiest deciles.")
    medium: float = Field(ge=0, le=1, description="Lower bound of risk_band medium: the next three deciles.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(left < right for left, right in pairwise(self.deciles)):
            raise ValueError("deciles must be descending")
        if self.high < self.medium:
            raise ValueError("high must not be below medium")
        return self
