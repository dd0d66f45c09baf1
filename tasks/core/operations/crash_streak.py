"""Count attempts at the same work from the ends of its runs."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

CRASHED: Final = "CRASHED"


def crashes_in_a_row(ends: Iterable[str]) -> int:
    """Count the crashes since a run last ended in another way; `ends` are state types, latest first."""
    return len(list(takewhile(lambda end: end == CRASHED, ends)))
