"""Judge parsed rows by the pandera contract and name each fault; decide nothing beside it."""

import copy
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from schemas.columns import ID, NUMBERS

FAULT_COLUMNS: Final = ["line", "column", "reason"]
CONFLICTING_ID: Final = "conflicting_id"
CROSS_ROW: Final = frozenset({CONFLICTING_ID})
"""Checks of the contract that need all rows of an extract; `repeats` makes them."""

_REASON_BY_CHECK: Final = {
    "isin": "unknown_category",
    "in_range": "out_of_range",
    "greater_than_or_equal_to": "negative",
    "less_than_or_equal_to": "out_of_range",
    "str_contains": "missing_id",
}
_REASON_BY_FORM: Final = {
    "blank": "missing_value",
    "infinite": "not_finite",
    "decimal comma": "decimal_comma",
    "text": "not_a_number",
    "decimal": "not_whole",
}
_RULE_COLUMN: Final = {
    "total_blank": "TotalCharges",
    "total_incoherent": "TotalCharges",
    "internet_incoherent": "InternetService",
    "phone_incoherent": "PhoneService",
    "conflicting_id": ID,
}


_OPEN: Final = frozenset({ID, *NUMBERS})
"""Columns that may hold anything: their good values are too many to remember."""
_NOTHING: Final[frozenset[str]] = frozenset()


def without_cross_row_checks(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Leave out of a contract the checks that need all rows of an extract."""
    rowwise = copy.deepcopy(schema)
    rowwise.checks = [check for check in schema.checks if check.name not in CROSS_ROW]
    return rowwise


def keeps(check: pa.Check, values: "pd.Series[Any] | pd.DataFrame") -> npt.NDArray[np.bool_]:
    """Ask one check of the contract about (N,) cells, or (N, *) rows: (N,) bool.

    A missing number keeps every check: its form alone is judged.
    """
    if isinstance(values, pd.DataFrame):
        return np.asarray(check(values).check_output, dtype=np.bool_)
    kept = np.ones(len(values), dtype=np.bool_)
    filled = values.notna().to_numpy()
    if filled.any():
        kept[filled] = check(values[filled]).check_output
    return kept


class Judge:
    """Judges parsed rows by a contract; remembers the texts that keep it, and asks about others only.

    Asking each check costs a tenth of asking for pandera's own table of failures; the parse left
    nothing that could stop one (see `schemas.extract`).
    """

    def __init__(self, schema: pa.DataFrameSchema) -> None:
        """Know nothing yet."""
        self._schema = schema
        self._good: dict[str, set[str]] = {column: set() for column in schema.columns if column not in _OPEN}

    def faults(self, frame: pd.DataFrame) -> pd.DataFrame:
        """List every fault of a parsed frame as `line`, `column`, `reason`, ordered by line."""
        faults = [
            (line, column.removesuffix("_form"), _cell_reason(column, check, case))
            for column in self._schema.columns
            if not self._good.get(column, _NOTHING).issuperset(frame[column])
            for check in self._schema.columns[column].checks
            for line, case in self._breaking(check, frame[column])
        ]
        faults += [
            (line, _RULE_COLUMN[check.name], check.name)
            for check in self._schema.checks
            for line in frame.index[~keeps(check, frame)]
        ]
        listed = pd.DataFrame(faults, columns=FAULT_COLUMNS)
        return listed.astype({"line": "int64"}).sort_values(FAULT_COLUMNS, ignore_index=True)

    def _breaking(self, check: pa.Check, cells: "pd.Series[Any]") -> list[tuple[int, object]]:
        kept = keeps(check, cells)
        if str(cells.name) in self._good and len(self._schema.columns[str(cells.name)].checks) == 1:
            self._good[str(cells.name)].update(cells[kept])
        return list(zip(cells.index[~kept], cells[~kept], strict=True))


def _cell_reason(column: str, check: pa.Check, case: object) -> str:
    if column.endswith("_form"):
        return _REASON_BY_FORM[str(case)]
    if case == "":
        return "missing_id" if column == ID else "missing_value"
    return _REASON_BY_CHECK[str(check.name)]
