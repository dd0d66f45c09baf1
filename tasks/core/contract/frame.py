"""Apply the data contract to a DataFrame from another program."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from schemas.columns import FEATURES, ID
from schemas.config import IngestConfig
from schemas.extract import ScoringExtract
from schemas.quarantine_reasons import HINTS
from tasks.core.contract.parse import parse_cells
from tasks.core.contract.row_judge import (
    CONFLICTING_ID,
    CROSS_ROW,
    Judge,
    RowFault,
    keeps,
    without_cross_row_checks,
)
from tasks.core.errors import ExtractError

_WANTED: Final = [ID, *FEATURES]
_ROWS_SHOWN: Final = 3
_KINDS_SHOWN: Final = 6
_ROWS_AT_ONCE: Final = 2**14
"""Rows parsed at a time: Python strings and floats need ten times the memory of a frame."""


@cache
def _judge() -> Judge:
    return Judge(without_cross_row_checks(ScoringExtract.to_schema()))


def accept_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Accept (N, *) customers to score from a DataFrame: all of them, or none.

    Cells may be text or numbers, and a missing cell counts as blank; they are judged as the text that
    the CRM would write, quirks included (see `contract.quirks`). Additional columns and the index are
    ignored, and rows without any content are left out, like blank lines of a file.

    Returns:
        The parsed frame of `schemas.extract`, in the same row order, indexed by position in `frame`.

    Raises:
        ExtractError: a column is missing or duplicated, or a row breaks the contract.
    """
    wrong = [column for column in _WANTED if frame.columns.tolist().count(column) != 1]
    if wrong:
        raise ExtractError(
            f"the DataFrame must have each of {len(_WANTED)} columns exactly once; missing or duplicated:"
            f" {', '.join(map(repr, wrong))}. See docs/data-contract.md."
        )
    frames: list[pd.DataFrame] = []
    faults: list[RowFault] = []
    rows = _rows_with_content(frame)
    for start in range(0, max(len(rows), 1), _ROWS_AT_ONCE):
        lines = rows[start : start + _ROWS_AT_ONCE]
        part = frame.iloc[lines]
        cells = {column: _as_sent(part[column], str if column == ID else _written) for column in _WANTED}
        parsed = parse_cells(lines, cells, IngestConfig())
        faults += _judge().faults(parsed)
        frames.append(parsed.frame())
    accepted = pd.concat(frames)
    faults += _conflicting_ids(accepted)
    if faults:
        raise _broken(sorted(faults), len(rows))
    return accepted


def _rows_with_content(frame: pd.DataFrame) -> list[int]:
    """List the positions of rows in which any column has a value."""
    blank_ids = [place for place, cell in enumerate(frame[ID].tolist()) if _is_blank(cell)]
    cells = frame.iloc[blank_ids].itertuples(index=False, name=None)
    blank = {place for place, row in zip(blank_ids, cells, strict=True) if all(map(_is_blank, row))}
    return [place for place in range(len(frame)) if place not in blank]


def _is_blank(cell: Any) -> bool:
    return not cell.strip() if isinstance(cell, str) else bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _conflicting_ids(accepted: pd.DataFrame) -> list[RowFault]:
    """List the rows that share their id with another row."""
    (check,) = (each for each in ScoringExtract.to_schema().checks if each.name in CROSS_ROW)
    shared = accepted.index[~keeps(check, accepted[[ID]])].tolist()
    return [(row, ID, CONFLICTING_ID) for row in shared]


def _as_sent(cells: "pd.Series[Any]", written: Callable[[object], str]) -> list[str]:
    """Write (N,) cells as the CRM would; missing cells become empty, and a float id keeps its point."""
    pairs = zip(cells.tolist(), cells.isna().tolist(), strict=True)
    return ["" if missing else written(cell) for cell, missing in pairs]


def _written(cell: object) -> str:
    """Write a float with all its digits and without an exponent, and anything else as `str` does."""
    return np.format_float_positional(cell, trim="-") if isinstance(cell, float) else str(cell)


def _broken(faults: list[RowFault], rows: int) -> ExtractError:
    """Report the first kind of fault, the rows it occurs in, and how to fix it; then the other kinds."""
    _, column, reason = faults[0]
    counts = Counter((place, why) for _, place, why in faults)
    others = "; ".join(
        f"'{place}': {why} ({count})"
        for (place, why), count in counts.most_common(_KINDS_SHOWN)
        if (place, why) != (column, reason)
    )
    lines = [line for line, *place in faults if place == [column, reason]]
    more = f", +{len(lines) - _ROWS_SHOWN}" if len(lines) > _ROWS_SHOWN else ""
    shown = ", ".join(map(str, lines[:_ROWS_SHOWN])) + more
    return ExtractError(
        f"the DataFrame: {len({line for line, *_ in faults})} of {rows} rows break the contract; first"
        f" '{column}': {reason}, in rows {shown} (counted from 0). {HINTS[reason]}"
        f"{f' Then {others}.' if others else ''}"
        " Fix these rows, or leave them out."
    )
