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
from tasks.core.extract.contract import Fault, Judge
from tasks.core.extract.parsing import parse_cells

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
    cells = {column: _as_sent(frame[column]) for column in _WANTED}
    parsed = parse_cells(range(len(frame)), cells, IngestConfig())
    faults = _judge().faults(parsed)
    if faults:
        raise _broken(faults, len(frame))
    return parsed.frame()


def _as_sent(cells: "pd.Series[Any]") -> list[str]:
    """Write (N,) cells as the CRM would, a missing one as nothing."""
    pairs = zip(cells.tolist(), cells.isna().tolist(), strict=True)
    return ["" if missing else _written(cell) for cell, missing in pairs]


def _written(cell: object) -> str:
    """Write a number in all the digits it needs and without an exponent, and anything else as it shows."""
    return np.format_float_positional(cell, trim="-") if isinstance(cell, float) else str(cell)


def _broken(faults: list[Fault], rows: int) -> ExtractError:
    """Name the first kind of fault, where it stands and what mends it."""
    _, column, reason = faults[0]
    lines = [line for line, *place in faults if place == [column, reason]]
    more = f", +{len(lines) - _ROWS_SHOWN}" if len(lines) > _ROWS_SHOWN else ""
    shown = ", ".join(map(str, lines[:_ROWS_SHOWN])) + more
    return ExtractError(
        f"the customers' frame: {len({line for line, *_ in faults})} of {rows} rows break the contract; first"
        f" '{column}': {reason}, in rows {shown} counted from 0. {HINTS[reason]}"
        " Mend these rows or leave them out."
    )
