"""The contracts of the CRM's contact lists: who objected, and on what basis a customer may be contacted.

Both are CSV files with exactly these columns, in any order. Values are explicit; doubt means no.
"""

from datetime import date
from typing import Final, Literal

from schemas.absent import absent

# isort: split
with absent("dask", "hypothesis"):  # extras of ours, which pandera would load for over a second
    import pandas as pd
    import pandera.pandas as pa
    from pandera.typing.pandas import Series

from schemas import rules
from schemas.columns import ID
from schemas.contacts import BASES, CHANNELS, SCOPES

ListName = Literal["objections", "basis"]

_DAY: Final = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class _Contacts(pa.DataFrameModel):
    """What both lists share."""

    customerID: Series[str] = pa.Field(str_contains=r"\S", str_length={"max_value": rules.MAX_ID_CHARACTERS})

    class Config:
        """No coercion and no other columns."""

        strict = True
        coerce = False

    @pa.check(ID)
    def damaged_id(cls, ids: "pd.Series[str]") -> "pd.Series[bool]":
        """See `schemas.customer_ids`."""
        return rules.id_is_undamaged(ids)


class Objections(_Contacts):
    """Customers who objected: to marketing, to the profiling that serves it, or to everything."""

    objected_on: Series[str] = pa.Field(str_matches=_DAY)
    scope: Series[str] = pa.Field(isin=SCOPES)

    @pa.check("objected_on")
    def impossible_day(cls, days: "pd.Series[str]") -> "pd.Series[bool]":
        """Require a day that exists."""
        return days.map(_is_day).astype(bool)


class Bases(_Contacts):
    """On what legal basis a customer may be contacted by a channel, and since when."""

    channel: Series[str] = pa.Field(isin=CHANNELS)
    basis: Series[str] = pa.Field(isin=BASES)
    since: Series[str] = pa.Field(str_matches=_DAY)

    @pa.check("since")
    def impossible_day(cls, days: "pd.Series[str]") -> "pd.Series[bool]":
        """Require a day that exists."""
        return days.map(_is_day).astype(bool)


REASONS: Final = {
    "missing_id": "customerID is blank. Every row needs one.",
    "long_id": f"customerID has more than {rules.MAX_ID_CHARACTERS} characters. Send only the id.",
    "damaged_id": "customerID was damaged by a spreadsheet or a conversion. Export it as text, from the CRM.",
    "unknown_value": "The value is not in the contract. Send a listed one, written exactly like it.",
    "not_a_day": "Expected a day that exists, such as 2026-03-01.",
    "short_row": "The line has fewer fields than the header. Send every column.",
    "long_row": "The line has more fields than the header. Send only the contract's columns.",
    "invalid_encoding": "The line is not UTF-8. Export the file as UTF-8.",
    "conflicting_basis": "Lines with the same customer and channel differ. Send one line for each.",
}
"""Why a row is quarantined, and what its sender can do."""

REASON_BY_CHECK: Final = {
    "str_contains": "missing_id",
    "str_length": "long_id",
    "damaged_id": "damaged_id",
    "isin": "unknown_value",
    "str_matches": "not_a_day",
    "impossible_day": "not_a_day",
}


class ContactsQuarantine(pa.DataFrameModel):
    """contacts_quarantine.csv: one row per fault in a contact list, without values."""

    contact_list: Series[str] = pa.Field(isin=["objections", "basis"])
    line: Series[int] = pa.Field(ge=2)
    column: Series[str]
    reason: Series[str] = pa.Field(isin=list(REASONS))
    hint: Series[str] = pa.Field(isin=list(REASONS.values()))

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        coerce = False
