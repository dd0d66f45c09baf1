import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.preprocessing import CategoryEncoding, Example, Examples, NumberEncoding, Spec

TENURE: dict[str, Any] = {
    "column": "tenure",
    "mean": 0.1 + 0.2,
    "scale": 1 / 3,
    "blank": None,
    "edges": (0.0, 0.5, 1.0),
    "reference": (0.0, 0.5, 0.25),
    "low": 0.0,
    "high": 1.0,
}
CONTRACT: dict[str, Any] = {
    "column": "Contract",
    "merged": {},
    "values": ("Month-to-month", "One year"),
    "reference": (0.2,),
}
SECURITY: dict[str, Any] = {
    "column": "OnlineSecurity",
    "merged": {"No internet service": "No"},
    "values": ("No", "Yes"),
    "reference": (0.3,),
}
SPEC = Spec(
    format_version=1,
    numbers=(NumberEncoding(**TENURE),),
    categories=(CategoryEncoding(**CONTRACT), CategoryEncoding(**SECURITY)),
    unknown_category="zeros",
)


def test_round_trip_is_exact() -> None:
    """A spec read back from its bytes is the same spec, to the last digit, and the same bytes."""
    again = Spec.model_validate_json(SPEC.to_json_bytes())

    assert again == SPEC
    assert again.to_json_bytes() == SPEC.to_json_bytes()


def test_json_schema_is_publishable() -> None:
    """The format has a JSON Schema in which every field of the spec is required and described."""
    schema = Spec.model_json_schema()
    json.dumps(schema)

    for part in (schema, schema["$defs"]["NumberEncoding"], schema["$defs"]["CategoryEncoding"]):
        assert set(part["required"]) == set(part["properties"])
        assert all("description" in field for field in part["properties"].values())
        assert part["additionalProperties"] is False


def test_names_say_column_and_part() -> None:
    """The names of the inputs are in the order of the matrix."""
    names = SPEC.feature_names

    assert names == (
        "tenure:standardised",
        "tenure:bin_01",
        "tenure:bin_02",
        "Contract=One year",
        "OnlineSecurity=Yes",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "age"}, "column must be one of"),
        ({"scale": 0.0}, "greater than 0"),
        ({"scale": -1.0}, "greater than 0"),
        ({"mean": float("nan")}, "finite"),
        ({"edges": ()}, "at least 1"),
        ({"edges": (0.0, 0.5, 0.5)}, "strictly increasing"),
        ({"edges": (0.5, 0.0)}, "strictly increasing"),
        ({"edges": (-1.0, 1.0)}, "within the training range"),
        ({"edges": (0.0, 2.0)}, "within the training range"),
        ({"low": 2.0}, "within the training range"),
        ({"mean": 2.0}, "mean of 'tenure' must be"),
        ({"surprise": 1}, "not permitted"),
    ],
)
def test_meaningless_numbers_are_refused(change: dict[str, Any], message: str) -> None:
    """Each broken rule of a number's encoding is named."""
    with pytest.raises(ValidationError, match=message):
        NumberEncoding(**(TENURE | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "Weather"}, "must be a category column"),
        ({"values": ()}, "at least 1"),
        ({"values": ("No", "Yes", "No")}, "must be distinct"),
        ({"values": ("No", "Perhaps")}, "does not allow the values"),
        ({"merged": {"Perhaps": "No"}}, "does not allow the values"),
        ({"merged": {"Yes": "No"}}, "must not be an encoded value too"),
        ({"merged": {"No internet service": "None"}}, "merged into an encoded value"),
    ],
)
def test_meaningless_categories_are_refused(change: dict[str, Any], message: str) -> None:
    """Each broken rule of a category's encoding is named."""
    with pytest.raises(ValidationError, match=message):
        CategoryEncoding(**(SECURITY | change))


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"unknown_category": "guess"},
        {"numbers": ()},
        {"numbers": (TENURE, TENURE)},
        {"categories": (CONTRACT, CONTRACT)},
        {"categories": (CONTRACT | {"reference": ()},)},
        {"numbers": (TENURE | {"reference": (0.0, 0.5, 0.25, 1.0)},)},
    ],
)
def test_meaningless_specs_are_refused(change: dict[str, Any]) -> None:
    """Another version or policy, a column encoded twice or an incomplete reference customer is refused."""
    with pytest.raises(ValidationError):
        Spec.model_validate(SPEC.model_dump() | change)


def test_examples_round_trip() -> None:
    """Examples keep text as text and numbers as numbers."""
    examples = Examples(
        format_version=1,
        feature_names=("tenure:standardised",),
        columns=("tenure",),
        examples=(
            Example(
                row={"tenure": 3, "TotalCharges": "", "Partner": "No"},
                encoded=(0.1,),
                probability=0.5,
                contributions=(0.3,),
                reasons=("tenure",),
            ),
        ),
    )
    again = Examples.model_validate_json(examples.to_json_bytes())

    assert again == examples
    assert again.examples[0].row == {"tenure": 3, "TotalCharges": "", "Partner": "No"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"row": {"customerID": "X"}}, "only feature columns"),
        ({"row": {"Churn": "Yes"}}, "only feature columns"),
        ({"encoded": (0.0, 0.0)}, "must have 1 inputs"),
        ({"probability": 1.5}, "less than or equal to 1"),
        ({"contributions": ()}, "must have 1 contributions"),
        ({"reasons": ("gender",)}, "not protected ones"),
        ({"reasons": ("Weather",)}, "reasons must be columns"),
        ({"reasons": ("Contract",) * 4}, "at most 3"),
    ],
)
def test_meaningless_examples_are_refused(change: dict[str, Any], message: str) -> None:
    """An example has no id and no outcome, a complete vector, a probability and valid reasons."""
    example: dict[str, Any] = {"row": {"tenure": 1}, "encoded": (0.0,), "probability": 0.5}
    example |= {"contributions": (0.1,), "reasons": ("tenure",)}

    def examples(change: dict[str, Any]) -> Examples:
        return Examples(
            format_version=1, feature_names=("a",), columns=("tenure",), examples=(example | change,)
        )

    assert examples({}).examples[0].reasons == ("tenure",)
    with pytest.raises(ValidationError, match=message):
        examples(change)
