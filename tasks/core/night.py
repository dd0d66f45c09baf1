"""What became of the extracts of one run."""

from dataclasses import dataclass, field
from pathlib import Path

from tasks.core.errors import ChurnError, PublishError


@dataclass
class Night:
    """Folders of scores by this run and by earlier ones, reasons of rejections, and what stays where it is.

    What is `unscored` is an extract, what is `unfiled` anything else.
    """

    scored: list[Path] = field(default_factory=list)
    repeated: list[Path] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    unscored: list[Exception] = field(default_factory=list)
    arriving: int = 0
    unfiled: list[PublishError] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Count the extracts in a line."""
        counts = {
            "scored before": len(self.repeated),
            "not scored": len(self.unscored),
            "still arriving": self.arriving,
        }
        more = "".join(f", {what}: {count}" for what, count in counts.items() if count)
        return f"Extracts scored: {len(self.scored)}, rejected: {len(self.rejected)}{more}."

    @property
    def lines(self) -> list[str]:
        """Say what was not scored or filed, and why; of a bug only its kind: its text may hold values."""
        reasons = [
            str(error) if isinstance(error, ChurnError) else f"an unexpected {type(error).__name__}"
            for error in self.unscored
        ]
        return [
            *(f"- rejected: {reason}" for reason in self.rejected),
            *(f"- not scored, stays where it is: {reason}" for reason in reasons),
            *(f"- not filed, stays where it is: {error}" for error in self.unfiled),
        ]
