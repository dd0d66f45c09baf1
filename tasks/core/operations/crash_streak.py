"""Count a deployment's consecutive crashes from the final states of its runs."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

CRASHED: Final = "CRASHED"


def crashes_in_a_row(ends: Iterable[str]) -> int:
    """Count the crashes since a run last ended in any other state; `ends` are state types, latest first."""
    return len(list(takewhile(lambda end: end == CRASHED, ends)))
