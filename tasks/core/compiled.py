"""Compile hot loops with numba."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that does not hold Python's lock; cache it if numba finds a writable folder."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # "no locator available": neither the code's folder, NUMBA_CACHE_DIR nor HOME
        return numba.njit(nogil=True)(function)
