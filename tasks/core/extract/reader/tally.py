"""Per-block counts needed by the whole-file checks."""

from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass
class Tally:
    """Counts for one block, or for all blocks so far.

    `received`, `accepted` and `blank` count physical lines; `rows` counts those with as many fields as
    the header; `widths` counts lines by number of fields, and `broken` lines that are not rows, by reason.
    `controls` counts lines by the control characters in them.
    `filled` counts filled cells by column, and `known` those in the vocabulary. `personal` counts
    personal cells by position and kind, out of the `searched` filled cells of a position. `signed` counts
    accepted ids that start with a sign, which a spreadsheet reads as formulas. `quirks` counts what is not
    written as the contract does, but was read (see `contract.quirks`).
    """

    received: int = 0
    accepted: int = 0
    blank: int = 0
    rows: int = 0
    simulated: int = 0
    signed: int = 0
    quirks: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    controls: Counter[str] = field(default_factory=Counter)
    widths: Counter[int] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    searched: Counter[int] = field(default_factory=Counter)
    personal: Counter[tuple[int, str]] = field(default_factory=Counter)
    first_bad_byte: int | None = None

    def add(self, other: "Tally") -> None:
        """Add the next block's counts."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif each.name != "first_bad_byte":
                setattr(self, each.name, mine + theirs)
            elif mine is None:
                self.first_bad_byte = theirs
