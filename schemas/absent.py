"""Import a library without the optional ones that it would load merely because they are installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(*packages: str) -> Iterator[None]:
    """Make packages look as if they were not installed, except those that are loaded already."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: importing it is an ImportError
    try:
        yield
    finally:
        for package in hidden:
            sys.modules.pop(package, None)
