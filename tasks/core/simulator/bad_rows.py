"""Plant the faults that a CRM extract can have, to compare them with the quarantine."""

import itertools
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import ID, NO_INTERNET, NO_PHONE
from tasks.core.errors import ConfigError
from tasks.core.simulator.customer_frame import simulated_id

Row = dict[str, str]
"""Cells of one customer by column, in the order of the file."""


class Fault(StrEnum):
    """Kinds of faults; each breaks exactly one rule in the data contract."""

    BAD_CATEGORY = "bad_category"
    BAD_NUMBER = "bad_number"
    DECIMAL_COMMA = "decimal_comma"
    INFINITY = "infinity"
    NEGATIVE_CHARGE = "negative_charge"
    BLANK_CHARGE = "blank_charge"
    BLANK_TOTAL = "blank_total"
    INCOHERENT_INTERNET = "incoherent_internet"
    INCOHERENT_PHONE = "incoherent_phone"
    INCOHERENT_TOTAL = "incoherent_total"
    TENURE_FRACTION = "tenure_fraction"
    TENURE_OUT_OF_RANGE = "tenure_out_of_range"
    MISSING_ID = "missing_id"
    CONFLICTING_ID = "conflicting_id"
    IDENTICAL_REPEAT = "identical_repeat"
    SHORT_ROW = "short_row"
    LONG_ROW = "long_row"
    STRAY_QUOTE = "stray_quote"
    CONTROL_CHARACTER = "control_character"
    INVALID_UTF8 = "invalid_utf8"


class PlantedFault(NamedTuple):
    """The position of a fault in the file."""

    line: int
    """Physical line, counted from 1; the header is line 1."""
    fault: Fault
    partner: bool
    """Whether this is the second of two lines that conflict."""


class Plan(NamedTuple):
    """A fault to plant, before its line is known."""

    customer: int
    """Counted from 0."""
    fault: Fault
    partner: bool


MAX_SHARE: Final = 0.5
"""Each planted row needs a valid neighbour, which serves as the partner for a conflicting id."""


def kinds_in_turn(rows: int, share: float) -> list[Fault]:
    """Return faults for a share of rows, cycling through all kinds.

    Raises:
        ConfigError: The share is not between 0 and `MAX_SHARE`.
    """
    if not 0 <= share <= MAX_SHARE:
        raise ConfigError(f"bad rows: expected a share between 0 and {MAX_SHARE}, got {share:g}")
    return list(itertools.islice(itertools.cycle(Fault), int(rows * share + 0.5)))


def plan_faults(rows: int, kinds: Sequence[Fault], seed: int) -> list[Plan]:
    """Distribute faults over the customers in order, at most one each.

    Each fault has its own range of customers and is anywhere but at its end, so a partner is always
    the next customer.

    Raises:
        ConfigError: There are more faults than half the rows.
    """
    if len(kinds) > rows * MAX_SHARE:
        raise ConfigError(f"bad rows: {len(kinds)} faults need {2 * len(kinds)} or more rows, got {rows}")
    edges = np.arange(len(kinds) + 1) * rows // max(len(kinds), 1)
    places = np.random.default_rng([seed, len(kinds)]).random(len(kinds))
    customers = edges[:-1] + np.floor(places * (np.diff(edges) - 1)).astype(np.int64)
    plan = []
    for customer, fault in zip(customers.tolist(), kinds, strict=True):
        plan.append(Plan(customer, fault, partner=False))
        if fault is Fault.CONFLICTING_ID:
            plan.append(Plan(customer + 1, fault, partner=True))
    return plan


def spoil(row: Row, planned: Plan) -> str:
    """Return the line (two for a repeat) of a valid row with its fault.

    A byte that is not UTF-8 is represented by a surrogate; write with `errors="surrogateescape"`.
    """
    if planned.fault is Fault.IDENTICAL_REPEAT:
        line = ",".join(row.values())
        return f"{line}\n{line}"
    if planned.fault is Fault.CONFLICTING_ID:
        gender = "Male" if planned.partner else "Female"
        return ",".join(
            (row | {ID: simulated_id(planned.customer - planned.partner), "gender": gender}).values()
        )
    return ",".join(_EDITS[planned.fault](row).values())


def _billed(row: Row) -> Row:
    """Return the row, or the same customer a month later if nothing has been billed yet."""
    return row | {"tenure": "1", "TotalCharges": row["MonthlyCharges"]} if row["tenure"] == "0" else row


def _bad_internet(row: Row) -> Row:
    return row | {"OnlineSecurity": "Yes" if row["InternetService"] == "No" else NO_INTERNET}


def _bad_phone(row: Row) -> Row:
    return row | {"MultipleLines": "No" if row["PhoneService"] == "No" else NO_PHONE}


def _bad_total(row: Row) -> Row:
    """Bill four times what tenure and MonthlyCharges explain."""
    billed = _billed(row)
    return billed | {"TotalCharges": f"{4 * int(billed['tenure']) * float(billed['MonthlyCharges']):.2f}"}


def _half_month(row: Row) -> Row:
    """Shift tenure by half a month, in the direction that keeps the total coherent."""
    months = int(_billed(row)["tenure"])
    return _billed(row) | {"tenure": str(months - 0.5 if months > 1 else 1.5)}


_EDITS: Final[dict[Fault, Callable[[Row], Row]]] = {
    Fault.BAD_CATEGORY: lambda row: row | {"PaymentMethod": "Cash"},
    Fault.BAD_NUMBER: lambda row: row | {"MonthlyCharges": "12.3.4"},
    Fault.DECIMAL_COMMA: lambda row: (
        row | {"MonthlyCharges": f'"{float(row["MonthlyCharges"]):.2f}"'.replace(".", ",")}
    ),
    Fault.INFINITY: lambda row: row | {"MonthlyCharges": "inf"},
    Fault.NEGATIVE_CHARGE: lambda row: row | {"MonthlyCharges": "-" + row["MonthlyCharges"]},
    Fault.BLANK_CHARGE: lambda row: row | {"MonthlyCharges": " "},
    Fault.BLANK_TOTAL: lambda row: _billed(row) | {"TotalCharges": " "},
    Fault.INCOHERENT_INTERNET: _bad_internet,
    Fault.INCOHERENT_PHONE: _bad_phone,
    Fault.INCOHERENT_TOTAL: _bad_total,
    Fault.TENURE_FRACTION: _half_month,
    Fault.TENURE_OUT_OF_RANGE: lambda row: _billed(row) | {"tenure": "-" + _billed(row)["tenure"]},
    Fault.MISSING_ID: lambda row: row | {ID: ""},
    Fault.SHORT_ROW: lambda row: dict(list(row.items())[:-1]),
    Fault.LONG_ROW: lambda row: row | {"": "extra"},
    Fault.STRAY_QUOTE: lambda row: row | {ID: '"' + row[ID]},
    Fault.CONTROL_CHARACTER: lambda row: row | {ID: row[ID] + "\x07"},
    Fault.INVALID_UTF8: lambda row: row | {ID: row[ID] + "\udcff"},
}
