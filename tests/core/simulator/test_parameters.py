import math
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.columns import CATEGORIES, INTERNET_SERVICES, TARGET
from tasks.core.simulator.parameters import PARAMETERS, Parameters, month_ranges

TENURE_SHAPES = ("years", "log_months", "new", "first year")


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the parameters with one of them, named by the keys that lead to it, set to `value`."""
    parameters = PARAMETERS.model_dump()
    *keys, last = path.split("/")
    place = parameters
    for key in keys:
        place = place[key]
    place[last] = value
    return parameters


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("choices/gender/values", ["Female"], "at least 2"),
        ("choices/gender/logits", {"base": [float("nan")]}, "finite number"),
        ("tenure/new_customer_share", 1.1, "less than or equal to 1"),
        ("charges/monthly_deviation", -1.0, "greater than 0"),
        ("charges/currency", "EUR", "not permitted"),
    ],
)
def test_parameters_out_of_bounds_are_refused(path: str, value: object, told: str) -> None:
    """A parameter of the wrong type, out of its bounds or unknown is named."""
    with pytest.raises(ValidationError, match=told):
        Parameters.model_validate(changed(path, value))


def test_every_column_is_drawn() -> None:
    """There is a choice for every column that is drawn, and a riskiest value for every category."""
    assert set(PARAMETERS.choices) == {*CATEGORIES, "tenure", TARGET}
    assert set(PARAMETERS.riskiest) == set(CATEGORIES)


@pytest.mark.parametrize("column", PARAMETERS.choices)
def test_a_choice_has_a_weight_for_each_value(column: str) -> None:
    """Values are distinct and of the contract; each feature weighs every value but the first."""
    choice = PARAMETERS.choices[column]

    assert len(set(choice.values)) == len(choice.values)
    assert set(choice.values) <= set(CATEGORIES.get(column, choice.values))
    assert "base" in choice.logits
    assert {len(weights) for weights in choice.logits.values()} == {len(choice.values) - 1}


def test_a_link_depends_only_on_earlier_links() -> None:
    """Every feature is provided by a choice above, and every price by one of them."""
    known = {"base"}
    for column, choice in PARAMETERS.choices.items():
        assert {name for joined in choice.logits for name in joined.split(" & ")} <= known, column
        values = CATEGORIES.get(column, choice.values)
        known |= set(TENURE_SHAPES if column == "tenure" else (f"{column}={value}" for value in values))

    assert set(PARAMETERS.charges.prices) <= known


@pytest.mark.parametrize("column", CATEGORIES)
def test_a_riskiest_value_leaves_room_for_drift(column: str) -> None:
    """Its share and that of the others make a whole, except where some customers have no choice."""
    riskiest = PARAMETERS.riskiest[column]
    total = riskiest.share + riskiest.others

    assert riskiest.value in CATEGORIES[column]
    if column in ("MultipleLines", "InternetService", *INTERNET_SERVICES):
        assert total <= 1
    else:
        assert math.isclose(total, 1)


def test_charges_are_whole_cents() -> None:
    """The step divides a unit of currency, and a total may lie above and below tenure times charge."""
    assert PARAMETERS.charges.step in {cents / 100 for cents in (1, 2, 4, 5, 10, 20, 25, 50)}
    assert PARAMETERS.charges.total_ratio[0] <= 1 <= PARAMETERS.charges.total_ratio[1]


def test_tenure_covers_six_years() -> None:
    """The ranges of tenure are contiguous and read with both ends."""
    ranges = list(month_ranges(PARAMETERS))

    assert ranges[:3] == [(1, 1), (2, 2), (3, 4)]
    assert [month for first, last in ranges for month in range(first, last + 1)] == list(range(1, 73))
