"""Judge parsed rows by the pandera contract and name each fault; decide nothing beside it."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from schemas.columns import ID, NUMBERS
from schemas.quarantine_reasons import CODE_BY_CHECK, CODE_BY_FORM, RULES
from tasks.core.contract.memo import Memory, Texts
from tasks.core.contract.parse import Parsed, typed
from tasks.core.contract.vocabulary import VOCABULARY

Fault = tuple[int, str, str]
"""The line, the column and the reason; no column where the line is no row."""

CONFLICTING_ID: Final = "conflicting_id"
CROSS_ROW: Final = frozenset({CONFLICTING_ID})
"""Checks of the contract that need all rows of an extract; `repeats` makes them."""

_OPEN: Final = frozenset({ID, *NUMBERS})
"""Columns that may hold anything: their values are too many to remember."""


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


def is_of_categories(check: pa.Check) -> bool:
    """Tell whether a check of whole rows reads nothing but category columns."""
    return set(RULES[str(check.name)].reads) <= set(VOCABULARY)


class Judge:
    """Judges parsed rows by a contract; remembers what it said of texts, and asks about others only.

    Asking each check costs a tenth of asking for pandera's own table of failures; the parse left
    nothing that could stop one (see `schemas.extract`).
    """

    def __init__(self, schema: pa.DataFrameSchema) -> None:
        """Know nothing yet."""
        self._schema = schema
        self._reasons = {
            column: Memory(partial(self._ask, column)) for column in schema.columns if column not in _OPEN
        }
        self._keeps = {
            str(check.name): Memory(partial(_ask_rule, check))
            for check in schema.checks
            if is_of_categories(check)
        }

    def faults(self, parsed: Parsed) -> list[Fault]:
        """List every fault of parsed rows, ordered by line."""
        faults: list[Fault] = []
        for column in self._schema.columns:
            name, values = column.removesuffix("_form"), parsed.columns[column]
            if column in self._reasons:
                reasons = self._reasons[column](list(zip(values, strict=True)))
                found = [(row, reason) for row, each in enumerate(reasons) for reason in each]
            else:
                found = self._breaking(column, values)
            faults += [(parsed.lines[row], name, reason) for row, reason in found]
        for check in self._schema.checks:
            name, kept = str(check.name), self._kept(check, parsed)
            faults += [
                (line, RULES[name].column, name)
                for line, good in zip(parsed.lines, kept, strict=True)
                if not good
            ]
        return sorted(faults)

    def _kept(self, check: pa.Check, parsed: Parsed) -> Sequence[bool]:
        name = str(check.name)
        if name in self._keeps:
            rows = zip(*(parsed.columns[column] for column in RULES[name].reads), strict=True)
            return self._keeps[name](list(rows))
        frame = pd.DataFrame({column: parsed.series(column) for column in RULES[name].reads})
        kept: list[bool] = keeps(check, frame).tolist()
        return kept

    def _ask(self, column: str, cells: list[Texts]) -> list[tuple[str, ...]]:
        """Give the reasons for which each of some distinct cells breaks a column's checks."""
        found: list[tuple[str, ...]] = [() for _ in cells]
        for position, reason in self._breaking(column, [text for (text,) in cells]):
            found[position] += (reason,)
        return found

    def _breaking(self, column: str, values: Sequence[Any]) -> list[tuple[int, str]]:
        """List the place and the reason of every fault among a column's values."""
        cells, found = typed(column, values), []
        for check in self._schema.columns[column].checks:
            bad = np.flatnonzero(~keeps(check, cells)).tolist()
            found += [(row, _cell_reason(column, check, values[row])) for row in bad]
        return found


def _ask_rule(check: pa.Check, rows: list[Texts]) -> list[bool]:
    """Tell which of some distinct rows of a rule's columns keep it."""
    kept: list[bool] = keeps(check, pd.DataFrame(rows, columns=list(RULES[str(check.name)].reads))).tolist()
    return kept


def _cell_reason(column: str, check: pa.Check, case: object) -> str:
    if column.endswith("_form"):
        return CODE_BY_FORM[str(case)]
    if case == "":
        return "missing_id" if column == ID else "missing_value"
    return CODE_BY_CHECK[str(check.name)]
