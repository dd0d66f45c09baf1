"""Outcome of one scoring run, as data: what was scored, rejected or left behind, and any warnings."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tasks.core.errors import ChurnError, ExtractError, PublishError


@dataclass
class NightOutcome:
    """Outcome of one scoring run: folders of scores by this run and by earlier ones, and what failed and why.

    `days`, `customers` and `flagged` are of the extracts that were scored.
    `unscored` extracts stay in `work/`; `unfiled` is everything else that could not be moved.
    `stale` and `drifted` are warnings about the latest scores.
    """

    delivered: bool
    scored: list[Path] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    customers: int = 0
    flagged: int = 0
    repeated: list[Path] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    unscored: list[Exception] = field(default_factory=list)
    arriving: int = 0
    unfiled: list[PublishError] = field(default_factory=list)
    stale: str | None = None
    drifted: str | None = None

    @property
    def summary(self) -> str:
        """Count the extracts in one line, followed by any warnings."""
        more = "".join(f", {what}: {count}" for what, count in self._others.items() if count)
        counted = f"Extracts scored: {len(self.scored)}, rejected: {len(self.rejected)}{more}."
        customers = (
            f"Customers scored: {self.customers:,}, flagged: {self.flagged:,}." if self.scored else None
        )
        return " ".join(filter(None, (counted, customers, self.stale, self.drifted)))

    @property
    def headline(self) -> str:
        """Say in a few words what the run came to, for its name."""
        scored = "nothing scored"
        if self.scored:
            extracts = f"of {min(self.days)}" if len(self.scored) == 1 else f"in {len(self.scored)} extracts"
            scored = f"{self.customers:,} customers {extracts}, {self.flagged:,} flagged"
        others = {"rejected": len(self.rejected), **self._others}
        return "; ".join([scored, *(f"{what}: {count}" for what, count in others.items() if count)])

    @property
    def _others(self) -> dict[str, int]:
        return {
            "scored before": len(self.repeated),
            "not scored": len(self.unscored),
            "still arriving": self.arriving,
        }

    @property
    def error(self) -> Exception | None:
        """The error that the run ends with: our own first; rejections are reported anyway."""
        if ours := [*self.unscored, *self.unfiled]:
            return ours[0]
        if not self.rejected:
            return None
        return ExtractError(
            f"{self.summary} First: {self.rejected[0]}" if self.delivered else self.rejected[0]
        )

    @property
    def lines(self) -> list[str]:
        """List what was not scored or filed, and why; for a bug only its type: its text may hold values."""
        reasons = [
            str(error) if isinstance(error, ChurnError) else f"an unexpected {type(error).__name__}"
            for error in self.unscored
        ]
        return [
            *(f"- rejected: {reason}" for reason in self.rejected),
            *(f"- not scored, stays where it is: {reason}" for reason in reasons),
            *(f"- not filed, stays where it is: {error}" for error in self.unfiled),
        ]
