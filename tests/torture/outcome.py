"""The outcome of a torture test."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Each = TypeVar("Each")


@dataclass
class Outcome:
    """Trials of one torture test and what was violated; the fewer lines, the better."""

    name: str
    trials: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """Summarise it in one line."""
        return f"{self.name}: {self.trials:,} trials, {len(self.violations)} violations, {self.seconds:.0f} s"

    def over(self, trials: Iterable[Each], *, show: bool) -> Iterator[Each]:
        """Count trials and time, and show progress every ten seconds."""
        started = shown = time.monotonic()
        for each in trials:
            yield each
            self.trials += 1
            self.seconds = time.monotonic() - started
            if show and time.monotonic() - shown > 10:
                shown = time.monotonic()
                print(f"  {self.line}", flush=True)


def control(what: str, broken: Outcome, sign: str = "") -> Outcome:
    """Return how often a control was caught, by violations with its `sign`; it must be."""
    caught = sum(sign in each for each in broken.violations)
    outcome = Outcome(f"control: {what} is caught ({caught} times)", broken.trials, seconds=broken.seconds)
    if not caught:
        outcome.violations.append("it was not caught")
    return outcome


def drawn(choices: Sequence[Each], sample: int | None, seed: int) -> list[Each]:
    """Draw a sample, in order; all of them without one."""
    if sample is None or sample >= len(choices):
        return list(choices)
    chosen = random.Random(seed).sample(range(len(choices)), sample)  # noqa: S311 trials, not secrets
    return [choices[i] for i in sorted(chosen)]
