"""Rules that span columns or rows of an extract, as named functions.

Each takes the parsed frame (N rows; see `schemas.extract`) and returns (N,) bool, True if the row
satisfies the rule. A rule judges only rows whose cells are valid by themselves, so that one fault is
reported once, under its own name. Rules about numbers also take the frame's columns as a mapping of
arrays, which the engine has instead.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from schemas.columns import CATEGORIES, ID, INTERNET_SERVICES, NO_INTERNET, NO_PHONE
from schemas.customer_ids import is_damaged

MAX_ID_CHARACTERS = 64
"""The longest customer id: a SHA-256 in hex. Anything longer is a broken line or another column."""

MAX_TENURE_MONTHS = 120
"""Ten years; the longest tenure in the reference extract is 72 months."""

MAX_MONTHLY_CHARGES = 10_000
"""Currency per month; only a misplaced point or a smaller currency unit reaches it, never a bill.

Source: the maximum of the reference extract is 118.75, so a tariff may still grow 80-fold.
"""

MAX_TOTAL_CHARGES = 1_000_000
"""Currency; well within float32, in which the model computes.

Source: the maximum of the reference extract is 8,684.80, so a total may still grow 100-fold.
"""

TOTAL_RATIO_BOUNDS = (0.5, 2.0)
"""Ratio of TotalCharges to tenure x MonthlyCharges.

Source: the ratios of the reference extract are 0.69-1.57; prices change, they do not double.
"""


def total_is_present(frame: Mapping[str, Any]) -> Any:
    """Require TotalCharges for everyone who has been billed, that is, from the first month on."""
    billed = (frame["tenure_form"] == "whole") & (frame["tenure"] > 0)
    return ~(billed & (frame["TotalCharges_form"] == "blank"))


def total_is_coherent(frame: Mapping[str, Any]) -> Any:
    """Require that TotalCharges agrees with tenure (months) x MonthlyCharges (currency per month)."""
    tenure, monthly, total = frame["tenure"], frame["MonthlyCharges"], frame["TotalCharges"]
    judged = (frame["tenure_form"] == "whole") & _between(tenure, 1, MAX_TENURE_MONTHS)
    judged &= _between(monthly, 0, MAX_MONTHLY_CHARGES) & _between(total, 0, MAX_TOTAL_CHARGES)
    expected = tenure * monthly
    low, high = TOTAL_RATIO_BOUNDS
    return ~judged | _between(total, low * expected, high * expected)


def _between(x: Any, low: Any, high: Any) -> Any:
    return (low <= x) & (x <= high)


def internet_is_coherent(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Require 'No internet service' in all six internet services if InternetService is No, else in none."""
    without = frame["InternetService"] == "No"
    judged = frame["InternetService"].isin(CATEGORIES["InternetService"])
    coherent = pd.Series(data=True, index=frame.index)
    for service in INTERNET_SERVICES:
        known = judged & frame[service].isin(CATEGORIES[service])
        coherent &= ~known | ((frame[service] == NO_INTERNET) == without)
    return coherent


def phone_is_coherent(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Require 'No phone service' in MultipleLines exactly when PhoneService is No."""
    judged = frame["PhoneService"].isin(CATEGORIES["PhoneService"])
    judged &= frame["MultipleLines"].isin(CATEGORIES["MultipleLines"])
    return ~judged | ((frame["MultipleLines"] == NO_PHONE) == (frame["PhoneService"] == "No"))


def id_is_unique(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Require one row per customerID; exact duplicates are removed first, so any repeat conflicts."""
    shared = (frame[ID].duplicated(keep=False) & (frame[ID].str.strip() != "")).to_numpy(copy=True)
    shared[shared] = id_is_undamaged(frame[ID][shared]).to_numpy()
    return pd.Series(~shared, index=frame.index)


def id_is_undamaged(ids: "pd.Series[str]") -> "pd.Series[bool]":
    """Require ids that a CRM may have issued; blank ones are missing, not damaged."""
    return pd.Series([not is_damaged(each) for each in ids], index=ids.index, dtype="bool")
