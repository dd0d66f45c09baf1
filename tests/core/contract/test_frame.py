import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from schemas.columns import CATEGORIES, NUMBERS
from tasks.core.contract import frame as frame_module
from tasks.core.contract.frame import accept_frame
from tasks.core.errors import ExtractError
from tests.harness.customers import make_customers


def _numbers_as(kind: Any) -> pd.DataFrame:
    customers = make_customers(40)
    return customers.astype(dict.fromkeys(NUMBERS, kind))


FORMS = {
    "SeniorCitizen as numbers": make_customers(40).astype({"SeniorCitizen": "int64"}),
    "tenure as whole numbers": make_customers(40).astype({"tenure": "int64"}),
    "numbers as objects": _numbers_as(object),
    "numbers as text": _numbers_as("str").fillna({"TotalCharges": ""}),
    "categories as categoricals": make_customers(40).astype(dict.fromkeys(CATEGORIES, "category")),
    "other columns, order and index": make_customers(40).iloc[:, ::-1].assign(Region="N").set_axis([7] * 40),
}


@pytest.mark.parametrize("frame", FORMS.values(), ids=FORMS)
def test_the_form_of_a_frame_does_not_matter(frame: pd.DataFrame) -> None:
    """The same customers give the same result, whatever their types in another program."""
    before = frame.copy()

    pd.testing.assert_frame_equal(accept_frame(frame), accept_frame(make_customers(40)))
    pd.testing.assert_frame_equal(frame, before)


def test_numbers_are_taken_to_the_last_digit() -> None:
    """A float64 is the same bits after it was judged as text, however small or large."""
    tenure, monthly = 3.0, np.array([0.1 + 0.2, 1e-7, 1 / 3, 9_999.999_999_999_998, 0.0])
    frame = make_customers(5).assign(tenure=tenure, MonthlyCharges=monthly, TotalCharges=monthly * tenure)

    assert accept_frame(frame)["MonthlyCharges"].tolist() == monthly.tolist()


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("customerID", None, "missing_id"),
        ("customerID", 455000000001.0, "damaged_id"),
        ("customerID", pd.Timestamp("2026-03-01"), "damaged_id"),
        ("customerID", True, "damaged_id"),
        ("customerID", "bell\x07", "damaged_id"),
        ("customerID", "TEST-000-0000000", "conflicting_id"),
        ("gender", None, "missing_value"),
        ("Partner", True, "unknown_category"),
        ("Contract", "Weekly", "unknown_category"),
        ("tenure", np.nan, "missing_value"),
        ("tenure", 1.5, "not_whole"),
        ("tenure", -1, "out_of_range"),
        ("tenure", pd.Timestamp("2026-01-01"), "not_a_number"),
        ("MonthlyCharges", np.inf, "not_finite"),
        ("MonthlyCharges", -0.5, "negative"),
        ("MonthlyCharges", "29,85", "decimal_comma"),
        ("TotalCharges", None, "total_blank"),
        ("TotalCharges", 900_000, "total_incoherent"),
    ],
)
def test_a_row_that_breaks_the_contract(column: str, cell: object, reason: str) -> None:
    """It is refused in one line, with reason and rows and without values."""
    frame = make_customers(20).sort_values("customerID", ignore_index=True)
    frame = frame.assign(tenure=10, MonthlyCharges=50, TotalCharges=500).astype(object)
    frame.loc[12, column] = cell

    with pytest.raises(ExtractError, match=rf"'{column}': {reason}, in rows .*12") as error:
        accept_frame(frame)

    assert "\n" not in str(error.value)
    assert not re.search(r"TEST|Weekly|900|29,8", str(error.value).replace("such as 29.85", ""))


@pytest.mark.parametrize(
    "frame",
    [
        make_customers(3).drop(columns="tenure"),
        pd.concat([make_customers(3), make_customers(3)[["tenure"]]], axis="columns"),
        pd.DataFrame(),
    ],
)
def test_a_column_that_is_missing_or_there_twice(frame: pd.DataFrame) -> None:
    """It is named before any row is judged."""
    with pytest.raises(ExtractError, match="'tenure'"):
        accept_frame(frame)


@pytest.mark.parametrize("cell", [None, np.nan, pd.NA, "", " \t"])
def test_a_row_without_content_is_no_customer(cell: object) -> None:
    """It is left out, and the others keep their place in the index; one cell makes it a row."""
    customers = make_customers(40).astype(object).assign(Region="N")
    blank = [0, 7, 39]
    frame = customers.copy()
    frame.loc[blank] = cell

    pd.testing.assert_frame_equal(accept_frame(frame), accept_frame(customers).drop(index=blank))
    frame.loc[7, "Region"] = "S"
    with pytest.raises(ExtractError, match=r"1 of 38 rows .*; first '.*': missing_value, in rows 7 "):
        accept_frame(frame)


def test_many_faults_are_counted() -> None:
    """Three rows are shown and the rest counted."""
    frame = make_customers(20).assign(gender="?")

    with pytest.raises(ExtractError, match=r"20 of 20 rows .* in rows 0, 1, 2, \+17 \(counted from 0\)"):
        accept_frame(frame)


def test_other_kinds_of_faults_are_counted_too() -> None:
    """All that is wrong with a frame is said at once."""
    frame = make_customers(20).astype({"tenure": object}).assign(gender="?")
    frame.loc[:4, "tenure"] = "x"

    with pytest.raises(
        ExtractError, match=r"first 'gender': unknown_category.* Then 'tenure': not_a_number \(5\)\. Fix"
    ):
        accept_frame(frame)


def test_a_frame_of_many_rows_is_judged_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing in pieces gives the same rows, and duplicate ids across pieces are still found."""
    customers = make_customers(40)
    whole = accept_frame(customers)
    monkeypatch.setattr(frame_module, "_ROWS_AT_ONCE", 7)

    pd.testing.assert_frame_equal(accept_frame(customers), whole)

    customers.loc[38, "Contract"] = "Weekly"
    customers.loc[30, "customerID"] = customers.loc[2, "customerID"]
    with pytest.raises(ExtractError, match=r"3 of 40 rows .* 'customerID': conflicting_id, in rows 2, 30 "):
        accept_frame(customers)


def test_nobody_is_accepted_too() -> None:
    """An empty frame with all columns is accepted."""
    assert len(accept_frame(make_customers(0))) == 0
