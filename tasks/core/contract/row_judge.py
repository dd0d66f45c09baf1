"""Judge parsed rows by the pandera contract, and only by it, with a reason for each fault."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from schemas.columns import ID, NUMBERS
from schemas.quarantine_reasons import CODE_BY_CHECK, CODE_BY_FORM, DISGUISED, RULES
from tasks.core.contract.memo import CellTexts, Memory
from tasks.core.contract.parse import Parsed, typed
from tasks.core.contract.vocabulary import VOCABULARY, is_disguised

RowFault = tuple[int, str, str]
"""Line, column and reason; the column is empty if the line is not a row."""

CONFLICTING_ID: Final = "conflicting_id"
CROSS_ROW: Final = frozenset({CONFLICTING_ID})
"""Checks of the contract that need all rows of an extract; `duplicates` makes them."""

_OPEN: Final = frozenset({ID, *NUMBERS})
"""Columns with too many distinct values to cache."""


def without_cross_row_checks(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Return a copy of the contract without the checks that need all rows of an extract."""
    rowwise = copy.deepcopy(schema)
    rowwise.checks = [check for check in schema.checks if check.name not in CROSS_ROW]
    return rowwise


def keeps(check: pa.Check, values: "pd.Series[Any] | pd.DataFrame") -> npt.NDArray[np.bool_]:
    """Run one check of the contract on (N,) cells or (N, *) rows: (N,) bool.

    A missing number passes every check: only its form is judged.
    """
    if isinstance(values, pd.DataFrame):
        return np.asarray(check(values).check_output, dtype=np.bool_)
    kept = np.ones(len(values), dtype=np.bool_)
    filled = values.notna().to_numpy()
    if filled.any():
        kept[filled] = check(values[filled]).check_output
    return kept


def is_of_categories(check: pa.Check) -> bool:
    """Return whether a row check reads only category columns."""
    return set(RULES[str(check.name)].reads) <= set(VOCABULARY)


def range_of(schema: pa.DataFrameSchema, number: str) -> tuple[float, float]:
    """Return the lowest and the highest value that a number column's checks allow.

    The limits are read from the checks, which are then run on both and on their neighbours outside.
    """
    checks = schema.columns[number].checks
    low = max((check.statistics.get("min_value", -np.inf) for check in checks), default=-np.inf)
    high = min((check.statistics.get("max_value", np.inf) for check in checks), default=np.inf)
    outside = [x for x in (np.nextafter(low, -np.inf), np.nextafter(high, np.inf)) if np.isfinite(x)]
    asked = pd.Series([low, high, *outside])
    expected = [True, True, *([False] * len(outside))]
    if any(checks) and np.all([keeps(check, asked) for check in checks], axis=0).tolist() != expected:
        raise AssertionError(f"the checks of '{number}' are not those of a range from {low} to {high}")
    return low, high


class Judge:
    """Judges parsed rows by a contract, with a cache of the answers for texts.

    Running the checks one by one takes a tenth of the time of pandera's own failure table; none can
    raise, because the cells have been parsed (see `schemas.extract`). A number within the limits needs no
    check, and a rule's function takes arrays, since a call by pandera costs as much as a thousand rows.
    """

    def __init__(self, schema: pa.DataFrameSchema) -> None:
        """Start with empty caches."""
        self._schema = schema
        self._reasons = {
            column: Memory(partial(self._ask, column)) for column in schema.columns if column not in _OPEN
        }
        self._ranges = {number: range_of(schema, number) for number in NUMBERS if number in schema.columns}
        self._keeps = {
            str(check.name): Memory(partial(_ask_rule, check))
            for check in schema.checks
            if is_of_categories(check)
        }

    def faults(self, parsed: Parsed) -> list[RowFault]:
        """List every fault of the parsed rows, ordered by line."""
        faults = self.cell_faults(parsed)
        for check in self._schema.checks:
            name, kept = str(check.name), self._kept(check, parsed)
            faults += [
                (line, RULES[name].column, name)
                for line, good in zip(parsed.lines, kept, strict=True)
                if not good
            ]
        return sorted(faults)

    def cell_faults(self, parsed: Parsed) -> list[RowFault]:
        """List the faults that a cell shows by itself, in the columns that there are."""
        faults: list[RowFault] = []
        for column in (column for column in self._schema.columns if column in parsed.columns):
            name, values = column.removesuffix("_form"), parsed.columns[column]
            if column in self._reasons:
                reasons = self._reasons[column](list(zip(values, strict=True)))
                found = [(row, reason) for row, each in enumerate(reasons) for reason in each]
            else:
                found = self._breaking(column, values)
            faults += [(parsed.lines[row], name, reason) for row, reason in found]
        return faults

    def _kept(self, check: pa.Check, parsed: Parsed) -> Sequence[bool]:
        name = str(check.name)
        if name in self._keeps:
            rows = zip(*(parsed.columns[column] for column in RULES[name].reads), strict=True)
            return self._keeps[name](list(rows))
        if name in CROSS_ROW:
            of_all: list[bool] = keeps(check, parsed.frame()).tolist()
            return of_all
        columns = {column: parsed.array(column) for column in RULES[name].reads}
        kept: list[bool] = RULES[name].holds(columns).tolist()
        return kept

    def _ask(self, column: str, cells: list[CellTexts]) -> list[tuple[str, ...]]:
        """Return, for each distinct cell, the reasons why it fails the checks of a column."""
        found: list[tuple[str, ...]] = [() for _ in cells]
        for position, reason in self._breaking(column, [text for (text,) in cells]):
            found[position] += (reason,)
        return found

    def _breaking(self, column: str, values: Sequence[Any]) -> list[tuple[int, str]]:
        """List the position and reason of every fault among a column's values."""
        if column in self._ranges:
            low, high = self._ranges[column]
            if all(low <= value <= high or np.isnan(value) for value in values):
                return []
        cells, found = typed(column, values), []
        for check in self._schema.columns[column].checks:
            bad = np.flatnonzero(~keeps(check, cells)).tolist()
            found += [(row, _cell_reason(column, check, values[row])) for row in bad]
        return found


def _ask_rule(check: pa.Check, rows: list[CellTexts]) -> list[bool]:
    """Return which of several distinct rows of a rule's columns satisfy it."""
    kept: list[bool] = keeps(check, pd.DataFrame(rows, columns=list(RULES[str(check.name)].reads))).tolist()
    return kept


def _cell_reason(column: str, check: pa.Check, case: object) -> str:
    if column.endswith("_form"):
        return CODE_BY_FORM[str(case)]
    if case == "":
        return "missing_id" if column == ID else "missing_value"
    if column in VOCABULARY and is_disguised(column, str(case)):
        return DISGUISED
    return CODE_BY_CHECK[str(check.name)]
