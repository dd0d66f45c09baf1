"""Root is bound by the rights of files only without its capabilities."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION = 0x20080522
_PASS_OVER_RIGHTS = 1 << 1 | 1 << 2 | 1 << 3
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER of capabilities(7)."""


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """Let the rights of files hold for this thread, whoever runs it."""
    header, held = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    _call("capget", header, held)
    effective = held[0]
    held[0] = effective & ~_PASS_OVER_RIGHTS
    _call("capset", header, held)
    try:
        yield
    finally:
        held[0] = effective
        _call("capset", header, held)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
