"""Where a split was cut, so that a later training can tell which customers a model has not seen."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.closed import Closed


class ClassCuts(Closed):
    """The two cuts of one class: training is below the first, the holdout from the second on."""

    validation_from: float = Field(ge=0, le=1, description="Smallest u of the validation part.")
    holdout_from: float = Field(ge=0, le=1, description="Smallest u of the holdout.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.validation_from > self.holdout_from:
            raise ValueError("validation_from must not be above holdout_from")
        return self


class SplitCuts(Closed):
    """Seed of the customers' hash u, and the cut values of u of each class."""

    seed: int = Field(ge=0, lt=2**32, description="Seed of the hash.")
    classes: dict[Literal["No", "Yes"], ClassCuts] = Field(
        min_length=2, description="Cuts of the customers who stayed (No) and who left (Yes)."
    )

    @property
    def unseen_from(self) -> float:
        """The u from which on customers of both classes were in neither training nor validation."""
        return max(cuts.holdout_from for cuts in self.classes.values())
