"""Compile hot loops with numba.

Compiled functions use only functions and constants of their own module: numba's cache does not notice when
another module changes.
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

WORD: Final = 8
"""Octets in a word."""
Words = npt.NDArray[np.uint64]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that does not hold Python's lock; cache it if numba finds a writable folder."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # "no locator available": neither the code's folder, NUMBA_CACHE_DIR nor HOME
        return numba.njit(nogil=True)(function)


def words_of(octets: npt.NDArray[np.uint8]) -> Words:
    """View (B,) octets as words, (B - 7,): word i is octets i to i + 7, the first one lowest.

    Fewer than 16 octets have none that may be read: numba would compile once more for so short a view.
    """
    if len(octets) < 2 * WORD:
        octets = np.zeros(2 * WORD, dtype=np.uint8)
    return np.ndarray((len(octets) - WORD + 1,), dtype="<u8", buffer=octets.data, strides=(1,))
