"""Run the contract's number and row checks on a scanned block.

What the checks of categories and ranges allow is in tables (see `check_tables`). The rules that read numbers
are the contract's own functions, called with arrays.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.columns import NUMBERS
from schemas.quarantine_reasons import RULES
from tasks.core.compiled import compiled
from tasks.core.contract.accepted import FORM_TYPE, categorical
from tasks.core.contract.check_tables import ContractTables
from tasks.core.contract.row_judge import is_of_categories
from tasks.core.extract.fast.scan import Flags, Scan
from tasks.core.extract.fast.spellings import Codes, Places


class RowChecks:
    """Checks scanned lines; safe to share between threads."""

    def __init__(self, tables: ContractTables, categories: Sequence[str]) -> None:
        """Take the contract, and the category columns in the order of a scan's codes."""
        self._tables = tables
        self._forms = np.stack([tables.forms[column] for column in NUMBERS])
        self._combinations = [
            (
                np.array([categories.index(column) for column in columns], dtype=np.int64),
                np.array(kept.strides, dtype=np.int64),
                kept.ravel(),
            )
            for columns, kept in tables.combinations
        ]
        self._rules = [
            RULES[str(check.name)].holds for check in tables.schema.checks if not is_of_categories(check)
        ]

    def keep(self, found: Scan) -> Flags:
        """Return which of the (L,) lines were read and have only values that the contract allows.

        Their ids are not looked at.
        """
        kept = found.known.copy()
        for slots, strides, table in self._combinations:
            _keep_combinations(found.codes, slots, strides, table, kept)
        _keep_numbers(found.numbers, found.forms, self._tables.ranges, self._forms, kept)
        columns: dict[str, Any] = {}
        for q, column in enumerate(NUMBERS):
            columns[column] = found.numbers[:, q]
            columns[f"{column}_form"] = categorical(found.forms[:, q], FORM_TYPE)
        for holds in self._rules:
            kept &= holds(columns)
        return kept


@compiled
def _keep_combinations(codes: Codes, slots: Places, strides: Places, table: Flags, kept: Flags) -> None:
    for row in range(len(kept)):
        if kept[row]:
            place = 0
            for i in range(len(slots)):
                place += codes[row, slots[i]] * strides[i]
            kept[row] = table[place]


@compiled
def _keep_numbers(
    numbers: npt.NDArray[np.float64],
    forms: Codes,
    ranges: npt.NDArray[np.float64],
    allowed: Flags,
    kept: Flags,
) -> None:
    """Compare with the (Q, 2) ranges and the (Q, 4) allowed forms; a blank is within any range."""
    for row in range(len(kept)):
        if kept[row]:
            for q in range(len(ranges)):
                outside = numbers[row, q] < ranges[q, 0] or numbers[row, q] > ranges[q, 1]
                kept[row] &= allowed[q, forms[row, q]] and not outside
