"""The numbers of an evaluation, to compare shown figures with."""

from collections.abc import Iterator
from typing import Any


def numbers(value: Any) -> Iterator[float]:
    """Walk every number of an evaluation."""
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
