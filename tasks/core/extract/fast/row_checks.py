"""Run the contract's number and row checks on a block with as few calls as possible.

Rules that read categories only are already in tables (see `check_tables`). A range check is run on the
extremes of a block: if both pass, every value between them passes too.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.core.contract.check_tables import PLAIN_FORMS, ContractTables, keeps_column
from tasks.core.contract.row_judge import is_of_categories, keeps
from tasks.core.extract.fast.scan import Codes, Places, Scan

FORM_TYPE: Final = pd.CategoricalDtype(list(PLAIN_FORMS))

_RANGES: Final = frozenset({"in_range", "greater_than_or_equal_to", "less_than_or_equal_to"})


class RowChecks:
    """Checks scanned lines; safe to share between threads."""

    def __init__(self, tables: ContractTables, numbers: Sequence[str], categories: Sequence[str]) -> None:
        """Take the contract, and the columns in the order of a scan's numbers and categories."""
        self._schema, self._numbers = tables.schema, numbers
        self._combinations = [
            ([categories.index(column) for column in columns], kept) for columns, kept in tables.combinations
        ]

    def keep(self, found: Scan, rows: Places) -> npt.NDArray[np.bool_]:
        """Return which of (N,) lines with valid cells pass all checks."""
        kept = np.ones(len(rows), dtype=np.bool_)
        if not len(rows):
            return kept
        for slots, table in self._combinations:
            kept &= table[tuple(found.codes[slot, rows] for slot in slots)]
        numbers: dict[str, Any] = {}
        for column, values, forms in zip(self._numbers, found.values, found.forms, strict=True):
            numbers[column] = values[rows]
            numbers[f"{column}_form"] = categorical(forms[rows], FORM_TYPE)
        frame = pd.DataFrame(numbers, copy=False)
        for column in self._numbers:
            kept &= self._keeps_range(frame[column])
        for check in self._schema.checks:
            if not is_of_categories(check):
                kept &= keeps(check, frame)
        return kept

    def _keeps_range(self, values: "pd.Series[float]") -> npt.NDArray[np.bool_]:
        """Check the extremes of a number column, and all (N,) values only if one of them fails."""
        column = str(values.name)
        unsupported = [
            check.name for check in self._schema.columns[column].checks if check.name not in _RANGES
        ]
        if unsupported:
            raise AssertionError(
                f"the checks {unsupported} of '{column}' cannot be decided from the extremes alone"
            )
        x = values.to_numpy()
        extremes = pd.Series([np.fmin.reduce(x), np.fmax.reduce(x)])
        if keeps_column(self._schema, column, extremes).all():
            return np.ones(len(values), dtype=np.bool_)
        return keeps_column(self._schema, column, values)


def categorical(codes: Codes, kind: pd.CategoricalDtype) -> pd.Categorical:
    """Make a categorical from (N,) codes that are known to be valid."""
    return pd.Categorical.from_codes(codes, dtype=kind, validate=False)
