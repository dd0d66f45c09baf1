from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.preprocessing import CategoryEncoding, NumberEncoding, Spec
from tasks.core.bundle.encoder import Encoder, encode
from tasks.core.errors import BundleError

SPEC = Spec(
    format_version=1,
    numbers=(
        NumberEncoding(
            column="tenure",
            mean=10.0,
            scale=4.0,
            blank=None,
            edges=(0.0, 10.0, 20.0),
            low=0.0,
            high=20.0,
            reference=(0.0, 0.6, 0.2),
        ),
        NumberEncoding(
            column="TotalCharges",
            mean=50.0,
            scale=50.0,
            blank=0.0,
            edges=(0.0, 100.0),
            low=0.0,
            high=100.0,
            reference=(0.0, 0.5),
        ),
    ),
    categories=(
        CategoryEncoding(
            column="OnlineSecurity",
            merged={"No internet service": "No"},
            values=("No", "Yes"),
            reference=(0.3,),
        ),
        CategoryEncoding(
            column="Contract",
            merged={},
            values=("Month-to-month", "One year", "Two year"),
            reference=(0.6, 0.2, 0.2),
        ),
        CategoryEncoding(column="Partner", merged={}, values=("No",), reference=()),
    ),
    unknown_category="zeros",
)

#         tenure, total, security, contract, partner | encoded                               | in domain
ROWS: list[tuple[list[Any], list[float], bool]] = [
    ([10.0, 50.0, "Yes", "One year", "No"], [0.0, 1.0, 0.0, 0.0, 0.5, 1, 0, 1, 0], True),
    ([12.0, 25.0, "No", "Two year", "No"], [0.5, 1.0, 0.2, -0.5, 0.25, 0, 0, 0, 1], True),
    # A blank TotalCharges stands for nothing charged yet.
    ([0.0, np.nan, "No", "Month-to-month", "No"], [-2.5, 0.0, 0.0, -1.0, 0.0, 0, 1, 0, 0], True),
    # The merged value is read as its parent.
    ([20.0, 100.0, "No internet service", "One year", "No"], [2.5, 1, 1, 1, 1, 0, 0, 1, 0], True),
    # Outside the training range the bins saturate and the standardised input extrapolates.
    ([30.0, 200.0, "Yes", "One year", "No"], [5.0, 1, 1, 3, 1, 1, 0, 1, 0], False),
    ([-2.0, 0.0, "Yes", "One year", "No"], [-3.0, 0, 0, -1, 0, 1, 0, 1, 0], False),
    # Values not seen in training leave every input of their column zero.
    ([10.0, 50.0, "Perhaps", "Weekly", "No"], [0.0, 1.0, 0.0, 0.0, 0.5, 0, 0, 0, 0], False),
    ([10.0, 50.0, "No", "One year", "Yes"], [0.0, 1.0, 0.0, 0.0, 0.5, 0, 0, 1, 0], False),
    # So does a missing value.
    ([10.0, 50.0, None, "One year", None], [0.0, 1.0, 0.0, 0.0, 0.5, 0, 0, 1, 0], False),
    ([10.0, 50.0, "No", None, "No"], [0.0, 1.0, 0.0, 0.0, 0.5, 0, 0, 0, 0], False),
]


def _frame(rows: list[list[Any]]) -> pd.DataFrame:
    columns = ["tenure", "TotalCharges", "OnlineSecurity", "Contract", "Partner"]
    return pd.DataFrame(rows, columns=columns).astype({"tenure": "float64", "TotalCharges": "float64"})


def _in_domain(frame: pd.DataFrame, spec: Spec) -> npt.NDArray[np.bool_]:
    encoder = Encoder(spec)
    return encoder.in_domain(encoder.columns(frame))


@pytest.mark.parametrize(("row", "encoded", "inside"), ROWS)
def test_rows_are_encoded_as_computed_by_hand(row: list[Any], encoded: list[float], inside: bool) -> None:
    """Every row of the table has the inputs and the domain flag computed by hand."""
    frame = _frame([row])

    assert encode(frame, SPEC).tolist() == [np.float32(encoded).tolist()]
    assert _in_domain(frame, SPEC).tolist() == [inside]


def test_matrix_is_float32_and_contiguous_whatever_the_index() -> None:
    """The matrix is what the model takes, and the frame's index does not reorder it."""
    frame = _frame([row for row, _, _ in ROWS])
    frame.index = pd.Index([7] * len(frame))
    matrix = encode(frame, SPEC)

    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert matrix.shape == (len(ROWS), len(SPEC.feature_names))
    assert matrix.tolist() == [np.float32(encoded).tolist() for _, encoded, _ in ROWS]


def test_customers_may_be_encoded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoding customers in small groups gives the same matrix."""
    monkeypatch.setattr("tasks.core.bundle.encoder._ROWS_AT_ONCE", 3)
    frame, encoder = _frame([row for row, _, _ in ROWS]), Encoder(SPEC)
    columns = encoder.columns(frame)
    parts = []
    for start in range(0, len(ROWS), 4):
        part = np.empty((min(4, len(ROWS) - start), encoder.inputs), dtype=np.float32)
        encoder.encode(columns, start, part)
        parts.append(part)

    expected = [np.float32(encoded).tolist() for _, encoded, _ in ROWS]
    assert np.concatenate(parts).tolist() == encode(frame, SPEC).tolist() == expected


def test_no_customers_is_an_empty_matrix() -> None:
    """An empty frame is encoded as no rows of F inputs."""
    frame = _frame([ROWS[0][0]]).iloc[:0]

    assert encode(frame, SPEC).shape == (0, 9)
    assert _in_domain(frame, SPEC).shape == (0,)


def test_float32_is_the_nearest_to_the_float64_result() -> None:
    """Numbers are computed in float64 and rounded once, at the end."""
    frame = _frame([[1 / 3, 1e-7, "Yes", "One year", "No"]])

    assert encode(frame, SPEC)[0, 0] == np.float32((1 / 3 - 10.0) / 4.0)


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_text_may_be_stored_in_any_way(dtype: Any) -> None:
    """Object, string and categorical columns of the same text give the same matrix."""
    frame = _frame([row for row, _, _ in ROWS])
    stored = frame.astype(dict.fromkeys(["OnlineSecurity", "Contract", "Partner"], dtype))

    assert np.array_equal(encode(stored, SPEC), encode(frame, SPEC))


@pytest.mark.parametrize("function", [encode, _in_domain])
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_frame([ROWS[0][0]]).drop(columns="Contract"), "'Contract'"),
        (
            _frame([[np.nan, 1.0, "No", "One year", "No"]]),
            "'tenure' has non-finite values for",
        ),
        (
            _frame([[np.inf, 1.0, "No", "One year", "No"]]),
            "'tenure' has non-finite values for",
        ),
        (
            _frame([[1.0, -np.inf, "No", "One year", "No"]]),
            "'TotalCharges' has non-finite values for",
        ),
    ],
)
def test_frames_that_break_the_contract_are_refused(
    function: Callable[..., Any], frame: pd.DataFrame, message: str
) -> None:
    """A missing column or a forbidden blank is an error that names the column."""
    with pytest.raises(BundleError, match=message):
        function(frame, SPEC)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6) | st.just(np.nan), st.text(max_size=3)),
        min_size=1,
        max_size=20,
    ),
    st.randoms(use_true_random=False),
)
def test_a_row_is_encoded_alone_as_among_others(rows: list[tuple[Any, ...]], random: Any) -> None:
    """No row's inputs depend on its neighbours or on its place."""
    frame = _frame([[*row, "One year", "No"] for row in rows])
    order = random.sample(range(len(rows)), len(rows))

    assert np.array_equal(encode(frame.iloc[order], SPEC), encode(frame, SPEC)[order])
    assert np.isfinite(encode(frame, SPEC)).all()
