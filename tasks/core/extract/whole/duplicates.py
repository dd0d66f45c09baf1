"""Find customers that occur more than once in an extract, exactly and in bounded memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from tasks.core.compiled import Words, compiled
from tasks.core.extract.reader.row_keys import KEY, Keys, spread
from tasks.core.storage.spill import spill_file

Lines = npt.NDArray[np.int64]
NO_LINES: Final[Lines] = np.empty(0, dtype=np.int64)

_BUCKETS: Final = 64
_BUCKET_SHIFT: Final = np.uint64(58)
"""The first six bits of a hash choose one of 64 buckets."""


@dataclass(frozen=True)
class Repeats:
    """Ascending lines: `duplicates` repeat an earlier row exactly, `conflicts` share an id but differ."""

    duplicates: Lines
    conflicts: Lines


class RepeatFinder:
    """Collects every row's key, spilled to unnamed files that disappear with the process."""

    def __init__(self, folder: Path | None) -> None:
        """Spill to `folder`; if it is None, keep everything in memory."""
        self._spills = [spill_file(folder) for _ in range(_BUCKETS)]

    def add(self, keys: Keys) -> None:
        """Add keys in the order of their lines."""
        ordered = np.empty(len(keys), dtype=KEY)
        bounds = _partition(
            spread(keys) >> _BUCKET_SHIFT, keys.view("<u8").reshape(-1, 4), ordered.view("<u8").reshape(-1, 4)
        )
        for i, spill in enumerate(self._spills):
            if bounds[i + 1] > bounds[i]:
                spill.write(ordered[bounds[i] : bounds[i + 1]].data)

    def find(self) -> Repeats:
        """Compare all rows added so far, and free them."""
        found = [_find(self._take(spill)) for spill in self._spills]
        return Repeats(
            np.sort(np.concatenate([each.duplicates for each in found])),
            np.sort(np.concatenate([each.conflicts for each in found])),
        )

    def close(self) -> None:
        """Release the spill files."""
        for spill in self._spills:
            spill.close()

    def _take(self, spill: BinaryIO) -> Keys:
        spill.seek(0)
        keys = np.frombuffer(spill.read(), dtype=KEY)
        spill.close()
        return keys


def _find(keys: Keys) -> Repeats:
    hashes = spread(keys)
    ordered = np.sort(hashes)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(repeated):
        return Repeats(
            np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        )  # no view, which would keep all keys
    keys = keys[np.isin(hashes, repeated)]
    keys = keys[np.lexsort((keys["line"], keys["digest"], keys["low"], keys["high"]))]
    same_id = (keys["high"][1:] == keys["high"][:-1]) & (keys["low"][1:] == keys["low"][:-1])
    same_row = same_id & (keys["digest"][1:] == keys["digest"][:-1])
    duplicate = np.append([False], same_row)
    kept = keys[~duplicate]
    shares = (kept["high"][1:] == kept["high"][:-1]) & (kept["low"][1:] == kept["low"][:-1])
    conflict = np.append([False], shares) | np.append(shares, [False])
    return Repeats(keys["line"][duplicate], kept["line"][conflict])


@compiled
def _partition(buckets: Words, keys: Words, ordered: Words) -> npt.NDArray[np.int64]:
    """Copy (N, 4) keys grouped by their (N,) buckets, in line order; return where each bucket starts."""
    bounds = np.zeros(_BUCKETS + 1, dtype=np.int64)
    for row in range(len(buckets)):
        bounds[buckets[row] + 1] += 1
    bounds = np.cumsum(bounds)
    free = bounds.copy()
    for row in range(len(buckets)):
        at = free[buckets[row]]
        for word in range(keys.shape[1]):
            ordered[at, word] = keys[row, word]
        free[buckets[row]] = at + 1
    return bounds
