"""Count what whole-file judgements need, block by block."""

from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass
class Tally:
    """Counts of one block, or of all so far.

    `received` physical lines; `accepted`, `blank` and `split` ones, the last being those with fields,
    `rows` those with as many as the header. `filled` cells and `known` ones of the vocabulary by
    column; `personal` cells by position and kind, among the `searched` filled ones of a position.
    """

    received: int = 0
    accepted: int = 0
    blank: int = 0
    rows: int = 0
    simulated: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    widths: Counter[int] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    searched: Counter[int] = field(default_factory=Counter)
    personal: Counter[tuple[int, str]] = field(default_factory=Counter)
    first_bad_byte: int | None = None

    def add(self, other: "Tally") -> None:
        """Take in the counts of the next block."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif each.name != "first_bad_byte":
                setattr(self, each.name, mine + theirs)
            elif mine is None:
                self.first_bad_byte = theirs
