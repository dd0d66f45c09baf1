"""Cache answers about texts that occur again and again, in bounded memory."""

from collections.abc import Callable, Sequence
from sys import getsizeof
from typing import Final, Generic, TypeVar

CellTexts = tuple[str, ...]
Answer = TypeVar("Answer")

MOST_OCTETS: Final = 2**20
"""Memory limit; a cache that would exceed it is emptied."""

_EACH: Final = 150
"""Overhead of a text in bytes: its tuple and its dictionary entry."""


class Memory(Generic[Answer]):
    """Answers from a cache and computes only what is new; safe to share between threads."""

    def __init__(self, ask: Callable[[list[CellTexts]], Sequence[Answer]]) -> None:
        """Start empty; `ask` answers for several distinct tuples of texts, each independently."""
        self._ask = ask
        self._known: tuple[dict[CellTexts, Answer], int] = {}, 0

    def __call__(self, asked: Sequence[CellTexts]) -> list[Answer]:
        """Return the answer for each tuple of texts."""
        known, size = self._known  # never changed, only replaced: another thread may be reading it
        unknown = set(asked) - known.keys()
        if unknown:
            size += _size(unknown)
            if size > MOST_OCTETS:
                known, unknown = {}, set(asked)
                size = _size(unknown)
            listed = list(unknown)
            known = {**known, **dict(zip(listed, self._ask(listed), strict=True))}
            if size <= MOST_OCTETS:
                self._known = known, size
        return [known[texts] for texts in asked]


def _size(unknown: set[CellTexts]) -> int:
    return sum(getsizeof(text) + _EACH for texts in unknown for text in texts)
