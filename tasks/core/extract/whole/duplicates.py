"""Find customers that stand in an extract more than once, exactly and in bounded memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numba
import numpy as np
import numpy.typing as npt

from tasks.core.extract.reader.row_keys import KEY, Keys, spread
from tasks.core.storage.spill import spill_file

Lines = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_PARTS: Final = 64
_PARTS_SHIFT: Final = np.uint64(58)
"""The first six bits of a hash choose one of 64 parts."""


@dataclass(frozen=True)
class Repeats:
    """Lines, rising: `duplicates` repeat an earlier row whole; `conflicts` share an id but differ."""

    duplicates: Lines
    conflicts: Lines


class RepeatFinder:
    """Collects the keys of all rows; spills them to unnamed files, which vanish with the process."""

    def __init__(self, folder: Path | None) -> None:
        """Spill into `folder`; without one everything stays in memory."""
        self._parts = [spill_file(folder) for _ in range(_PARTS)]

    def add(self, keys: Keys) -> None:
        """Take keys in, in the order of their lines."""
        ordered = np.empty(len(keys), dtype=KEY)
        bounds = _partition(
            spread(keys) >> _PARTS_SHIFT, keys.view("<u8").reshape(-1, 4), ordered.view("<u8").reshape(-1, 4)
        )
        for i, spill in enumerate(self._parts):
            if bounds[i + 1] > bounds[i]:
                spill.write(ordered[bounds[i] : bounds[i + 1]].data)

    def find(self) -> Repeats:
        """Compare all rows that were added; forget them."""
        found = [_find(self._take(spill)) for spill in self._parts]
        return Repeats(
            np.sort(np.concatenate([each.duplicates for each in found])),
            np.sort(np.concatenate([each.conflicts for each in found])),
        )

    def close(self) -> None:
        """Free the disk."""
        for spill in self._parts:
            spill.close()

    def _take(self, spill: BinaryIO) -> Keys:
        spill.seek(0)
        keys = np.frombuffer(spill.read(), dtype=KEY)
        spill.close()
        return keys


def _find(keys: Keys) -> Repeats:
    hashes = spread(keys)
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return Repeats(keys["line"][:0], keys["line"][:0])
    keys = keys[np.isin(hashes, twice)]
    keys = keys[np.lexsort((keys["line"], keys["digest"], keys["low"], keys["high"]))]
    same_id = (keys["high"][1:] == keys["high"][:-1]) & (keys["low"][1:] == keys["low"][:-1])
    same_row = same_id & (keys["digest"][1:] == keys["digest"][:-1])
    duplicate = np.append([False], same_row)
    kept = keys[~duplicate]
    shares = (kept["high"][1:] == kept["high"][:-1]) & (kept["low"][1:] == kept["low"][:-1])
    conflict = np.append([False], shares) | np.append(shares, [False])
    return Repeats(keys["line"][duplicate], kept["line"][conflict])


@numba.njit(nogil=True, cache=True)
def _partition(parts: Words, keys: Words, ordered: Words) -> npt.NDArray[np.int64]:
    """Copy (N, 4) keys by their (N,) parts, each in the order of lines; give where each part starts."""
    bounds = np.zeros(_PARTS + 1, dtype=np.int64)
    for row in range(len(parts)):
        bounds[parts[row] + 1] += 1
    bounds = np.cumsum(bounds)
    free = bounds.copy()
    for row in range(len(parts)):
        at = free[parts[row]]
        for word in range(keys.shape[1]):
            ordered[at, word] = keys[row, word]
        free[parts[row]] = at + 1
    return bounds
