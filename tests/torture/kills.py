"""Ordeal: the bodies of flows are killed at random moments, and eight of them start at once.

A body runs all steps of its flow in order, without the orchestrator. That a run is killed with Prefect
around it, and taken up again, is tried by `make torture-deployment` (dead_runner.py).
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path

from tests.torture.disk import CUSTOMERS, make_template
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome
from tests.torture.trial import ACTS, Trial

_AT_ONCE = 8


def kill(
    folder: Path,
    shots: int,
    acts: Sequence[str] = ACTS,
    *,
    customers: int = CUSTOMERS,
    seed: int = 0,
    show: bool = False,
) -> list[Outcome]:
    """Kill each act `shots` times, then let it run again.

    Half of the moments are drawn evenly over what it takes, half over the time in which scores and
    registry are written.
    """
    template, extract = make_template(folder, customers)
    outcomes = []
    for act in acts:
        trial, dice = Trial(template, act, extract), random.Random(seed)  # noqa: S311 moments, not secrets
        golden = trial.copy(folder / "golden")
        trial.run(trial.copy(folder / "warm").home)
        started = time.monotonic()
        operations = trial.operations(golden.home)
        seconds = time.monotonic() - started
        first, last = _publishing(operations, golden.home)
        outcome = Outcome(f"{act}: the flow's body killed at random moments, {customers:,} customers")
        for shot in outcome.over(range(shots), show=show):
            night = trial.copy(folder / "tried")
            process = trial.start(night.home)
            window = (first - started, last - started) if shot % 2 else (0, seconds)
            process.join(dice.uniform(*window))
            process.kill()
            process.join()
            found = night.violations()
            if (again := trial.run(night.home)) != 0:
                found.append(f"the rerun's exit code is {again}")
            found += night.violations()
            if night.result() != golden.result():
                found.append("the rerun ends elsewhere than an undisturbed run")
            outcome.violations += [f"shot {shot}: {each}" for each in found]
        outcomes.append(outcome)
    return outcomes


def _publishing(operations: list[Operation], home: Path) -> tuple[float, float]:
    """Give the moments of the first and the last change of what consumers read."""
    places = tuple(f"{home / name}/" for name in ("scores", "registry"))
    moments = [
        each.moment
        for each in operations
        if each.kind != "open" and (each.path.startswith(places) or each.target.startswith(places))
    ]
    return min(moments), max(moments)


def race(folder: Path, rounds: int, *, show: bool = False) -> list[Outcome]:
    """Start eight processes at once in one home: all end well, and one of them has done the work."""
    template, extract = make_template(folder)
    outcomes = []
    for act in ("score", "promote"):
        trial = Trial(template, act, extract)
        golden = trial.copy(folder / "golden")
        assert trial.run(golden.home) == 0
        moves = len((golden.home / "registry" / "history.jsonl").read_text().splitlines())
        outcome = Outcome(f"{act}: {_AT_ONCE} processes at once")
        for number in outcome.over(range(rounds), show=show):
            night = trial.copy(folder / "tried")
            racing = [trial.start(night.home) for _ in range(_AT_ONCE)]
            for process in racing:
                process.join()
            codes = {process.exitcode for process in racing}
            found = night.violations()
            if codes != {0}:
                found.append(f"exit codes {sorted(map(str, codes))}")
            if night.result() != golden.result():
                found.append("they end elsewhere than one run")
            if len((night.home / "registry" / "history.jsonl").read_text().splitlines()) != moves:
                found.append("the champion moved more than once")
            outcome.violations += [f"round {number}: {each}" for each in found]
        outcomes.append(outcome)
    return outcomes
