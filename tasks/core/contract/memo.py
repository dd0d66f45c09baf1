"""Remember answers about texts that come again and again, in bounded memory."""

from collections.abc import Callable, Sequence
from sys import getsizeof
from typing import Final, Generic, TypeVar

Texts = tuple[str, ...]
Answer = TypeVar("Answer")

MOST_OCTETS: Final = 2**20
"""That answers may take; when they would take more, all are forgotten and asked about again."""

_EACH: Final = 150
"""Octets that a text takes beside its object: its tuple, its place in a dictionary."""


class Memory(Generic[Answer]):
    """Answers from memory, and asks about other texts only; one may serve several threads."""

    def __init__(self, ask: Callable[[list[Texts]], Sequence[Answer]]) -> None:
        """Know nothing yet; `ask` answers about several distinct tuples of texts, each by itself."""
        self._ask = ask
        self._known: tuple[dict[Texts, Answer], int] = {}, 0

    def __call__(self, asked: Sequence[Texts]) -> list[Answer]:
        """Give the answer about each tuple of texts."""
        known, size = self._known  # never changed, only replaced: another thread may be reading it
        strangers = set(asked) - known.keys()
        if strangers:
            size += _size(strangers)
            if size > MOST_OCTETS:
                known, strangers = {}, set(asked)
                size = _size(strangers)
            listed = list(strangers)
            known = {**known, **dict(zip(listed, self._ask(listed), strict=True))}
            if size <= MOST_OCTETS:
                self._known = known, size
        return [known[texts] for texts in asked]


def _size(strangers: set[Texts]) -> int:
    return sum(getsizeof(text) + _EACH for texts in strangers for text in texts)
