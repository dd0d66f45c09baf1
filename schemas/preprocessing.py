"""The preprocessing spec and its worked examples: how a customer becomes the model's inputs, as data.

`preprocessing.json` is in the bundle next to the model. `tasks.core.bundle.encoder` is its only
interpreter in Python; a reader in another language tests itself on `examples.json`.
"""

import json
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.closed import Closed
from schemas.columns import CATEGORIES, FEATURES, NUMBERS, PROTECTED


def _canonical_json(model: Closed) -> bytes:
    """Serialise so that equal models are equal bytes and every float survives the round trip."""
    text = json.dumps(
        model.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    return f"{text}\n".encode()


Reference = Annotated[
    tuple[float, ...],
    Field(description="The reference customer's inputs for this column: their means over the training part."),
]


class NumberEncoding(Closed):
    """One number column: a standardised input, then one input per bin between neighbouring edges.

    With x the number, or `blank` where the CRM left it empty, the inputs are
    `(x - mean) / scale`, and for each bin from `left` to `right`
    `(x - left) / (right - left)` clipped to 0 and 1. All of it is computed in float64.

    Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning",
    section 3.1; here the outermost bins are clipped to 0 and 1, and the standardised input extrapolates.
    """

    column: str = Field(description="A number column of the extract.")
    mean: float = Field(description="Mean over the training part, in the column's unit.")
    scale: float = Field(gt=0, description="Standard deviation over the training part; 1 if constant.")
    blank: float | None = Field(description="The value used for a blank; null if blanks are not allowed.")
    edges: tuple[float, ...] = Field(
        min_length=1,
        description="Training quantiles, strictly increasing; a constant column has only one, and so no bin.",
    )
    reference: Reference
    low: float = Field(description="Smallest number in the training part; anything below is out of domain.")
    high: float = Field(description="Largest number in the training part; anything above is out of domain.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.column not in NUMBERS:
            raise ValueError(f"column must be one of {NUMBERS}, got {self.column!r}")
        if any(left >= right for left, right in pairwise(self.edges)):
            raise ValueError(f"edges of {self.column!r} must be strictly increasing")
        if not self.low <= self.edges[0] <= self.edges[-1] <= self.high:
            raise ValueError(f"edges of {self.column!r} must be within the training range low to high")
        if not self.low <= self.mean <= self.high:
            raise ValueError(f"mean of {self.column!r} must be within the training range low to high")
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        bins = range(1, len(self.edges))
        return (f"{self.column}:standardised", *(f"{self.column}:bin_{i:02d}" for i in bins))


class CategoryEncoding(Closed):
    """One category column: two values give one 0/1 input, for the second; more give one input each.

    A value that is neither in `values` nor merged into one of them was not seen in training.
    """

    column: str = Field(description="A category column of the extract.")
    merged: dict[str, str] = Field(description="Values that are read as another value.")
    values: tuple[str, ...] = Field(min_length=1, description="Values seen in training, in encoded order.")
    reference: Reference

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.column not in CATEGORIES:
            raise ValueError(f"column must be a category column, got {self.column!r}")
        unknown = {*self.values, *self.merged} - set(CATEGORIES[self.column])
        if unknown:
            raise ValueError(f"{self.column!r} does not allow the values {sorted(unknown)}")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"values of {self.column!r} must be distinct")
        if not set(self.values).isdisjoint(self.merged):
            raise ValueError(f"a merged value of {self.column!r} must not be an encoded value too")
        if not set(self.merged.values()) <= set(self.values):
            raise ValueError(f"a value of {self.column!r} must be merged into an encoded value")
        return self

    @property
    def encoded_values(self) -> tuple[str, ...]:
        """Values that have an input of their own, in order."""
        return self.values if len(self.values) > 2 else self.values[1:]  # noqa: PLR2004 two are one 0/1 input

    @property
    def positions(self) -> dict[str, int]:
        """Position in `values` of every value seen in training, the merged ones included."""
        positions = {value: position for position, value in enumerate(self.values)}
        return positions | {value: positions[target] for value, target in self.merged.items()}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return tuple(f"{self.column}={value}" for value in self.encoded_values)


class Spec(Closed):
    """The content of `preprocessing.json`: the inputs of the numbers, then those of the categories."""

    format_version: Literal[1] = Field(description="Version of this format.")
    numbers: tuple[NumberEncoding, ...] = Field(min_length=1, description="Number columns, in encoded order.")
    categories: tuple[CategoryEncoding, ...] = Field(description="Category columns, in encoded order.")
    unknown_category: Literal["zeros"] = Field(
        description="A value not seen in training leaves every input of its column 0."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a column must be encoded only once")
        short = [each.column for each in self.encodings if len(each.reference) != len(each.feature_names)]
        if short:
            raise ValueError(f"the reference customer must have every input of {short}")
        return self

    @property
    def encodings(self) -> tuple[NumberEncoding | CategoryEncoding, ...]:
        """Every column's encoding, in the order of the matrix."""
        return (*self.numbers, *self.categories)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the C columns, in the order of the matrix."""
        return tuple(encoding.column for encoding in self.encodings)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the F inputs, in the order of the matrix's columns."""
        return tuple(name for encoding in self.encodings for name in encoding.feature_names)

    @property
    def reference(self) -> tuple[float, ...]:
        """The F inputs of the reference customer, in the order of the matrix's columns."""
        return tuple(value for encoding in self.encodings for value in encoding.reference)

    def to_json_bytes(self) -> bytes:
        """Serialise to canonical UTF-8 JSON: equal specs are equal bytes."""
        return _canonical_json(self)


class Example(Closed):
    """One made-up customer, and what a correct reader of the spec and the model computes for it."""

    row: dict[str, str | int | float] = Field(
        description="The feature columns as the CRM writes them; a blank is an empty text."
    )
    encoded: tuple[float, ...] = Field(description="The F inputs (each exactly a float32).")
    probability: float = Field(ge=0, le=1, description="The exported model's calibrated churn probability.")
    contributions: tuple[float, ...] = Field(
        description="Each column's share of the difference between this logit and the reference customer's."
    )
    reasons: tuple[str, ...] = Field(
        max_length=3,
        description="Columns that raise the risk most, strongest first; never a protected attribute.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        foreign = set(self.row) - set(FEATURES)
        if foreign:
            raise ValueError(f"a row must contain only feature columns, got {sorted(foreign)}")
        if not set(self.reasons) <= set(FEATURES) - set(PROTECTED):
            raise ValueError(f"reasons must be columns, but not protected ones, got {self.reasons}")
        return self


class Examples(Closed):
    """The content of `examples.json`."""

    format_version: Literal[1] = Field(description="Version of this format.")
    feature_names: tuple[str, ...] = Field(min_length=1, description="Names of the F inputs, in order.")
    columns: tuple[str, ...] = Field(min_length=1, description="Columns of the C contributions, in order.")
    examples: tuple[Example, ...] = Field(min_length=1, description="Made-up customers, not real ones.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(len(example.encoded) != len(self.feature_names) for example in self.examples):
            raise ValueError(f"every encoded vector must have {len(self.feature_names)} inputs")
        if any(len(example.contributions) != len(self.columns) for example in self.examples):
            raise ValueError(f"every example must have {len(self.columns)} contributions")
        return self

    def to_json_bytes(self) -> bytes:
        """Serialise to canonical UTF-8 JSON: equal examples are equal bytes."""
        return _canonical_json(self)
