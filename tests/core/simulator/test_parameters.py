from typing import Any

import pytest
from pydantic import ValidationError

from tasks.core.simulator.parameters import PARAMETERS, Parameters, month_ranges


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
        ("choices/gender/values", ["Male", "Male"], "values must differ"),
        ("choices/gender/values", ["Female", "Other"], "expected values of"),
        ("choices/gender/logits", {}, "must have a base"),
        ("choices/gender/logits", {"base": [1.0, 2.0]}, "a weight for every value but the first"),
        ("choices/gender/logits", {"base": [float("nan")]}, "finite number"),
        ("choices/Contract/logits/years", [0.1, 0.1], "Contract: no earlier link provides"),
        ("choices/Churn/logits/new & Contract=Weekly", [0.1], "Contract=Weekly"),
        ("choices/shoe", {"values": ["a", "b"], "logits": {"base": [0.0]}}, "must name every column"),
        ("choices/tenure/values", [str(month) for month in range(2, 16)], "from month 1 on"),
        ("tenure/new_customer_share", 1.1, "less than or equal to 1"),
        ("charges/step", 0.03, "must divide a unit"),
        ("charges/monthly_deviation", -1.0, "greater than 0"),
        ("charges/total_ratio", [1.1, 1.4], "must enclose 1"),
        ("charges/prices/Fax=Yes", 5.0, "prices: no earlier link provides"),
        ("charges/currency", "EUR", "not permitted"),
        ("riskiest/Contract/others", 0.44, "sum to 1"),
        ("riskiest/Contract/value", "Weekly", "expected a value of the column"),
        ("riskiest/TechSupport/others", 0.6, "sum to 1"),
        ("riskiest/tenure", {"value": "1", "share": 0.5, "others": 0.5}, "must name every column"),
    ],
)
def test_parameters_without_a_meaning_are_refused(path: str, value: object, told: str) -> None:
    """An inconsistent file is refused, and the position named."""
    with pytest.raises(ValidationError, match=told):
        Parameters.model_validate(changed(path, value))


def test_tenure_covers_six_years() -> None:
    """The ranges of tenure are read with both ends."""
    ranges = list(month_ranges(PARAMETERS))

    assert ranges[:3] == [(1, 1), (2, 2), (3, 4)]
    assert ranges[-1] == (72, 72)
