"""Where a split was cut, so that a later training run can tell which customers a model has not seen."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.closed import Closed


class ClassCuts(Closed):
    """One class's two cut points: training ends below the first, and the holdout starts at the second."""

    validation_from: float = Field(ge=0, le=1, description="Smallest u in the validation part.")
    holdout_from: float = Field(ge=0, le=1, description="Smallest u in the holdout.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.validation_from > self.holdout_from:
            raise ValueError("validation_from must not be above holdout_from")
        return self


class SplitCuts(Closed):
    """The seed for hashing customer ids to u, and each class's cut points in u."""

    seed: int = Field(ge=0, lt=2**32, description="Seed for the hash.")
    classes: dict[Literal["No", "Yes"], ClassCuts] = Field(
        min_length=2, description="Cut points for customers who stayed (No) and who left (Yes)."
    )

    @property
    def unseen_from(self) -> float:
        """The smallest u at which customers of either class are in neither training nor validation."""
        return max(cuts.holdout_from for cuts in self.classes.values())
