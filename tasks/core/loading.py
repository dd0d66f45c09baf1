"""Load many modules at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile, nor look at what has been loaded ever after: modules stay."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
