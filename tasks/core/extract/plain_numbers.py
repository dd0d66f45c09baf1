"""Parse number columns that are written plainly, all cells at once; the rest is left to `numbers`."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.text import text_buffers

PLAIN_FORMS: Final = ("whole", "decimal", "blank")
"""Forms of plain cells, in the order of their codes."""
WHOLE, DECIMAL, BLANK = range(3)

_MOST_DIGITS: Final = 15
"""Characters of a plain number: within them, equal float64 are equal decimals.

Source: IEEE 754 binary64, DBL_DIG; so a fraction is of zeros only where the value is whole.
"""


@dataclass(frozen=True)
class PlainNumbers:
    """A column's cells: `value` (N,) float64, NaN unless a number; `form` (N,) int8, -1 if not plain."""

    value: npt.NDArray[np.float64]
    form: npt.NDArray[np.int8]


def parse_plain_numbers(cells: pa.StringArray) -> PlainNumbers:
    """Parse (N,) text cells of ASCII digits with at most one point between them, or of blanks only."""
    octets, offsets = text_buffers(cells)
    lengths = np.diff(offsets)
    digit = (octets >= ord("0")) & (octets <= ord("9"))
    digits, points = _count(digit, offsets), _count(octets == ord("."), offsets)
    plain = (digits + points == lengths) & (points <= 1) & (lengths <= _MOST_DIGITS) & (lengths > 0)
    ends = np.append(digit, [False])  # stands for cells after the last octet, which are empty
    plain &= ends[offsets[:-1]] & ends[offsets[1:] - 1]
    form = np.full(len(cells), -1, dtype=np.int8)
    form[_count((octets == ord(" ")) | (octets == ord("\t")), offsets) == lengths] = BLANK
    numbers = cells if plain.all() else pc.if_else(pa.array(plain), cells, None)
    value = pc.cast(numbers, pa.float64()).to_numpy(zero_copy_only=False)
    whole = plain & (value == np.floor(value))
    form[plain] = DECIMAL
    form[whole] = WHOLE
    return PlainNumbers(value, form)


def _count(marked: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count the marked octets of each cell: (N,)."""
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(marked, dtype=np.int64)])
    return np.asarray(before[offsets[1:]] - before[offsets[:-1]], dtype=np.int64)
