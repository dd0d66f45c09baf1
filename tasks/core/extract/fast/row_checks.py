"""Ask the contract's checks of numbers and of whole rows about a block, with few questions.

A rule that reads categories only was asked before (see `contract_tables`). A range is asked about a
block's extremes: what lies between two numbers that keep it keeps it, too.
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
    """Asks about lines that were scanned; one may serve several threads."""

    def __init__(self, tables: ContractTables, numbers: Sequence[str], categories: Sequence[str]) -> None:
        """Take the contract, and the columns in the order of a scan's numbers and categories."""
        self._schema, self._numbers = tables.schema, numbers
        self._combinations = [
            ([categories.index(column) for column in columns], kept) for columns, kept in tables.combinations
        ]

    def keep(self, found: Scan, rows: Places) -> npt.NDArray[np.bool_]:
        """Tell which of some lines, (N,), whose cells are sure, keep all checks."""
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
        """Ask a number column's checks about its extremes, and about (N,) values only if one breaks any."""
        column = str(values.name)
        strange = [check.name for check in self._schema.columns[column].checks if check.name not in _RANGES]
        if strange:
            raise AssertionError(f"the checks {strange} of '{column}' cannot be asked about extremes only")
        x = values.to_numpy()
        extremes = pd.Series([np.fmin.reduce(x), np.fmax.reduce(x)])
        if keeps_column(self._schema, column, extremes).all():
            return np.ones(len(values), dtype=np.bool_)
        return keeps_column(self._schema, column, values)


def categorical(codes: Codes, kind: pd.CategoricalDtype) -> pd.Categorical:
    """Make (N,) codes that are known to fit a categorical."""
    return pd.Categorical.from_codes(codes, dtype=kind, validate=False)
