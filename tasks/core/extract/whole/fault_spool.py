"""Keep an extract's faults on disk, so that memory use does not depend on their number."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import EXTRACT_ORDER, ID
from schemas.quarantine_reasons import HINTS
from tasks.core.contract.row_judge import CONFLICTING_ID, RowFault
from tasks.core.extract.whole.duplicates import Lines, Repeats
from tasks.core.storage.spill import spill_file

_COLUMNS: Final = ("", *EXTRACT_ORDER)
_REASONS: Final = tuple(HINTS)
FAULT: Final = np.dtype([("line", "<i8"), ("column", "u1"), ("reason", "u1")])

FaultRecords = npt.NDArray[np.void]


def fault_records(faults: list[RowFault]) -> FaultRecords:
    """Pack faults into 10-byte records."""
    short = [(line, _COLUMNS.index(column), _REASONS.index(reason)) for line, column, reason in faults]
    return np.array(short, dtype=FAULT)


def fault_frame(records: FaultRecords) -> pd.DataFrame:
    """Unpack records into a frame: `line`, `column`, `reason`."""
    unpacked = {
        "line": records["line"],
        "column": [_COLUMNS[i] for i in records["column"]],
        "reason": [_REASONS[i] for i in records["reason"]],
    }
    return pd.DataFrame(unpacked).astype({"line": "int64", "column": "str", "reason": "str"})


def count_faults(records: FaultRecords) -> Counter[tuple[str, str]]:
    """Count faults by column and reason."""
    kinds, times = np.unique(records[["column", "reason"]], return_counts=True)
    return Counter(
        {
            (_COLUMNS[column], _REASONS[reason]): n
            for (column, reason), n in zip(kinds.tolist(), times.tolist(), strict=True)
        }
    )


class FaultSpool:
    """Stores each block's faults; returns them by line, corrected for repeats."""

    def __init__(self, folder: Path | None) -> None:
        """Spill to an unnamed file in `folder`; if it is None, keep everything in memory."""
        self._file = spill_file(folder)
        self._blocks: list[tuple[int, int]] = []

    def add(self, records: FaultRecords, *, last_line: int) -> None:
        """Store the faults in a block that ends with `last_line`."""
        self._file.write(records.tobytes())
        self._blocks.append((len(records), last_line))

    def blocks(self, repeats: Repeats) -> Iterator[tuple[FaultRecords, Lines]]:
        """Yield each block's faults by line, and the lines of accepted rows that repeats remove.

        A duplicate's faults are dropped, as the row it repeats has them too; a conflict adds a fault.
        """
        self._file.seek(0)
        first = 0
        for records, last in self._blocks:
            found = np.frombuffer(self._file.read(records * FAULT.itemsize), dtype=FAULT)
            duplicates, conflicts = (
                lines[np.searchsorted(lines, first) : np.searchsorted(lines, last, side="right")]
                for lines in (repeats.duplicates, repeats.conflicts)
            )
            faults = np.concatenate([found[~np.isin(found["line"], duplicates)], _as_conflicts(conflicts)])
            order = np.lexsort(
                (_REASON_RANKS[faults["reason"]], _COLUMN_RANKS[faults["column"]], faults["line"])
            )
            yield faults[order], np.setdiff1d(np.union1d(duplicates, conflicts), found["line"])
            first = last + 1

    def close(self) -> None:
        """Release the spill file."""
        self._file.close()


def _as_conflicts(lines: Lines) -> FaultRecords:
    records = np.empty(len(lines), dtype=FAULT)
    records["line"], records["column"], records["reason"] = (
        lines,
        _COLUMNS.index(ID),
        _REASONS.index(CONFLICTING_ID),
    )
    return records


def _ranks(names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the alphabetical rank of each name."""
    return np.argsort(np.argsort(np.array(names)))


_COLUMN_RANKS: Final = _ranks(_COLUMNS)
_REASON_RANKS: Final = _ranks(_REASONS)
