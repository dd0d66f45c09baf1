from typing import Any

import pytest
from pydantic import ValidationError

from schemas.split import SplitCuts

CUTS: dict[str, Any] = {
    "seed": 3,
    "classes": {
        "No": {"validation_from": 0.6, "holdout_from": 0.81},
        "Yes": {"validation_from": 0.59, "holdout_from": 0.8},
    },
}


def test_unseen_begins_at_the_higher_cut() -> None:
    """Customers of both classes are unseen only from the higher holdout cut on."""
    assert SplitCuts.model_validate(CUTS).unseen_from == 0.81


def test_round_trip_is_exact() -> None:
    """Cuts read back from JSON are the same cuts, to the last digit."""
    cuts = SplitCuts.model_validate(CUTS)

    assert SplitCuts.model_validate_json(cuts.model_dump_json()) == cuts


@pytest.mark.parametrize(
    "classes",
    [
        {"No": CUTS["classes"]["No"]},
        CUTS["classes"] | {"Maybe": CUTS["classes"]["No"]},
        CUTS["classes"] | {"No": {"validation_from": 0.9, "holdout_from": 0.8}},
        CUTS["classes"] | {"No": {"validation_from": 0.6, "holdout_from": 1.1}},
    ],
)
def test_meaningless_cuts_are_refused(classes: dict[str, Any]) -> None:
    """Both classes have cuts, in order and within 0 and 1."""
    with pytest.raises(ValidationError):
        SplitCuts.model_validate(CUTS | {"classes": classes})
