"""Rules that span columns or rows of an extract, as named functions.

Each takes the parsed frame (N rows; see `schemas.extract`) and returns a bool Series (N,),
True where the row keeps the rule. A rule judges only rows whose cells are valid by themselves,
so that one fault is reported once, under its own name.
"""

import pandas as pd

from schemas.columns import CATEGORIES, ID, INTERNET_SERVICES, NO_INTERNET, NO_PHONE
from schemas.customer_ids import is_damaged

MAX_ID_CHARACTERS = 64
"""Of a customer's id: a SHA-256 in hex digits has 64. What is longer is a broken line or another column."""

MAX_TENURE_MONTHS = 120
"""Ten years; the longest tenure in the reference extract is 72 months."""

MAX_MONTHLY_CHARGES = 10_000
"""Currency a month; a slipped point or a smaller currency unit, not a bill, reaches it.

Source: the reference extract ends at 118.75, so a tariff may still grow 80-fold.
"""

MAX_TOTAL_CHARGES = 1_000_000
"""Currency; far inside float32, in which the model computes.

Source: the reference extract ends at 8,684.80, so a total may still grow 100-fold.
"""

TOTAL_RATIO_BOUNDS = (0.5, 2.0)
"""Of TotalCharges to tenure x MonthlyCharges.

Source: the reference extract lies within 0.69-1.57; prices change, they do not double.
"""


def total_is_present(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Demand TotalCharges from everyone who has been billed, that is from the first month on."""
    billed = (frame["tenure_form"] == "whole") & (frame["tenure"] > 0)
    return ~(billed & (frame["TotalCharges_form"] == "blank"))


def total_is_coherent(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Demand that TotalCharges agrees with tenure (months) x MonthlyCharges (currency a month)."""
    tenure, monthly, total = frame["tenure"], frame["MonthlyCharges"], frame["TotalCharges"]
    judged = (frame["tenure_form"] == "whole") & tenure.between(1, MAX_TENURE_MONTHS)
    judged &= monthly.between(0, MAX_MONTHLY_CHARGES) & total.between(0, MAX_TOTAL_CHARGES)
    expected = tenure * monthly
    low, high = TOTAL_RATIO_BOUNDS
    return ~judged | total.between(low * expected, high * expected)


def internet_is_coherent(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Demand 'No internet service' in all six internet services, or in none, as InternetService says."""
    without = frame["InternetService"] == "No"
    judged = frame["InternetService"].isin(CATEGORIES["InternetService"])
    coherent = pd.Series(data=True, index=frame.index)
    for service in INTERNET_SERVICES:
        known = judged & frame[service].isin(CATEGORIES[service])
        coherent &= ~known | ((frame[service] == NO_INTERNET) == without)
    return coherent


def phone_is_coherent(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Demand 'No phone service' in MultipleLines exactly where PhoneService is No."""
    judged = frame["PhoneService"].isin(CATEGORIES["PhoneService"])
    judged &= frame["MultipleLines"].isin(CATEGORIES["MultipleLines"])
    return ~judged | ((frame["MultipleLines"] == NO_PHONE) == (frame["PhoneService"] == "No"))


def id_is_unique(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Demand one row a customerID; identical repeats are gone before, so any repeat conflicts."""
    shared = (frame[ID].duplicated(keep=False) & (frame[ID].str.strip() != "")).to_numpy(copy=True)
    shared[shared] = id_is_undamaged(frame[ID][shared]).to_numpy()
    return pd.Series(~shared, index=frame.index)


def id_is_undamaged(ids: "pd.Series[str]") -> "pd.Series[bool]":
    """Demand ids that a CRM may have issued; blank ones are missing, not damaged."""
    return pd.Series([not is_damaged(each) for each in ids], index=ids.index, dtype="bool")
