"""Judge a DataFrame of another program by the contract of an extract."""

from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from schemas.columns import FEATURES, ID
from schemas.config import IngestConfig
from schemas.extract import ScoringExtract
from schemas.reasons import HINTS
from tasks.core.errors import ExtractError
from tasks.core.extract.block_reader import parse_cells
from tasks.core.extract.contract import Judge

_WANTED: Final = [ID, *FEATURES]
_ROWS_SHOWN: Final = 3


@cache
def _judge() -> Judge:
    return Judge(ScoringExtract.to_schema())


def accept_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Take (N, *) customers to score from a DataFrame; all of them, or none.

    Cells may be text or numbers, a missing one is a blank; they are judged as the text that the CRM
    would write. Other columns than the contract's, and the index, are ignored.

    Returns:
        The parsed frame of `schemas.extract`, in the same row order.

    Raises:
        ExtractError: a column is missing or there twice, or a row breaks the contract.
    """
    wrong = [column for column in _WANTED if frame.columns.tolist().count(column) != 1]
    if wrong:
        raise ExtractError(
            f"the customers' frame must have each of {len(_WANTED)} columns once; it has none or several of"
            f" {', '.join(map(repr, wrong))}. docs/data-contract.md lists them."
        )
    cells = {column: pd.Series(_as_sent(frame[column]), dtype="str") for column in _WANTED}
    parsed = parse_cells(pd.DataFrame(cells), IngestConfig())  # its index counts the rows from 0
    faults = _judge().faults(parsed)
    if len(faults):
        raise _broken(faults, len(parsed))
    return parsed


def _as_sent(cells: "pd.Series[Any]") -> list[str]:
    """Write (N,) cells as the CRM would, a missing one as nothing."""
    pairs = zip(cells.tolist(), cells.isna().tolist(), strict=True)
    return ["" if missing else _written(cell) for cell, missing in pairs]


def _written(cell: object) -> str:
    """Write a number in all the digits it needs and without an exponent, and anything else as it shows."""
    return np.format_float_positional(cell, trim="-") if isinstance(cell, float) else str(cell)


def _broken(faults: pd.DataFrame, rows: int) -> ExtractError:
    """Name the first kind of fault, where it stands and what mends it."""
    (column, reason), lines = next(iter(faults.groupby(["column", "reason"], sort=False)["line"]))
    more = f", +{len(lines) - _ROWS_SHOWN}" if len(lines) > _ROWS_SHOWN else ""
    shown = ", ".join(map(str, lines.head(_ROWS_SHOWN))) + more
    return ExtractError(
        f"the customers' frame: {faults['line'].nunique()} of {rows} rows break the contract; first"
        f" '{column}': {reason}, in rows {shown} counted from 0. {HINTS[str(reason)]}"
        " Mend these rows or leave them out."
    )
