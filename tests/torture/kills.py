"""Torture test: the bodies of flows are killed at random moments, and started eight at once.

A body runs all steps of its flow in order, without the orchestrator. That a run is killed with Prefect
around it, and taken up again, is tried by `make torture-deployment` (dead_runner.py).
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.harness.killing import KILLED, ended
from tests.harness.night import Night
from tests.torture.disk import CUSTOMERS, make_template
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome, control
from tests.torture.trial import ACTS, IN_PLACE, NAIVE, UNLOCKED, Trial

TRIES: Final = 20
"""How often a moment is drawn for a shot, before the act is said to end before every one."""

SOONER: Final = 0.9

CONTROLS: Final = (
    (NAIVE, "a night that publishes file after file", "scores: "),
    (IN_PLACE, "a promotion that writes in place", "champion: "),
)
"""Acts that must be caught, what they are, and how the violations begin that tell."""

_AT_ONCE: Final = 8
_UNLOCKED: Final = ("a night that takes no lock", "a promotion that takes no lock")


def kill(
    folder: Path,
    shots: int,
    acts: Sequence[str] = ACTS,
    *,
    customers: int = CUSTOMERS,
    seed: int = 0,
    show: bool = False,
) -> list[Outcome]:
    """Kill each act `shots` times, then let it run again."""
    template, extract = make_template(folder, customers)
    outcomes = []
    for act in acts:
        outcome = kill_one(Trial(template, act, extract), folder, shots, seed, show=show)
        outcome.name += f", {customers:,} customers"
        outcomes.append(outcome)
    return outcomes


def kill_controls(folder: Path, shots: int, *, seed: int = 0, show: bool = False) -> list[Outcome]:
    """Kill writers that expose half-written files: this must be detected."""
    template, extract = make_template(folder)
    return [
        control(what, kill_one(Trial(template, act, extract), folder, shots, seed, show=show), sign)
        for act, what, sign in CONTROLS
    ]


def kill_one(trial: Trial, folder: Path, shots: int, seed: int, *, show: bool) -> Outcome:
    """Kill an act `shots` times, then let it run again.

    Half of the moments are drawn evenly over what it takes, half over the time in which scores and
    registry are written.
    """
    dice = random.Random(seed)  # noqa: S311 moments, not secrets
    golden = trial.copy(folder / "golden")
    trial.run(trial.copy(folder / "warm").home)
    started = time.monotonic()
    operations = trial.operations(golden.home)
    seconds = time.monotonic() - started
    first, last = _publishing(operations, golden.home)
    outcome = Outcome(f"{trial.act}: the flow's body killed at random moments")
    for shot in outcome.over(range(shots), show=show):
        window = (first - started, last - started) if shot % 2 else (0, seconds)
        night, missed = _shoot(trial, folder / "tried", window, dice)
        if missed is not None:
            outcome.trials -= 1
            outcome.violations.append(f"shot {shot}: {missed}")
            continue
        found = [*night.violations(), *trial.rerun(night, golden.result())]
        outcome.violations += [f"shot {shot}: {each}" for each in found]
    return outcome


def _shoot(
    trial: Trial, home: Path, window: tuple[float, float], dice: random.Random
) -> tuple[Night, str | None]:
    """Kill an act within a window; return why not, if it was not killed.

    An act that had ended before its shot is no trial: another moment is drawn, and each time an earlier
    one, because the machine may have been busier when the window was measured.
    """
    for missed in range(TRIES):
        night = trial.copy(home)
        process = trial.start(night.home)
        code = ended(process, kill_after=dice.uniform(*window) * SOONER**missed)
        if code == KILLED:
            return night, None
        if code != 0:
            return night, f"undisturbed, its exit code is {code}"
    return night, f"it had ended before each of {TRIES} shots"


def _publishing(operations: list[Operation], home: Path) -> tuple[float, float]:
    """Return the times of the first and the last change that consumers can see."""
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
    acts = ("score", "promote")
    return [race_one(Trial(template, act, extract), folder, rounds, show=show) for act in acts]


def race_controls(folder: Path, rounds: int, *, show: bool = False) -> list[Outcome]:
    """Start eight at once without a lock: this must be detected."""
    template, extract = make_template(folder)
    return [
        control(what, race_one(Trial(template, act, extract), folder, rounds, show=show))
        for act, what in zip(UNLOCKED, _UNLOCKED, strict=True)
    ]


def race_one(trial: Trial, folder: Path, rounds: int, *, show: bool) -> Outcome:
    """Start an act eight times at once in one home, `rounds` times."""
    golden = trial.copy(folder / "golden")
    assert trial.run(golden.home) == 0
    moves = _moves(golden)
    outcome = Outcome(f"{trial.act}: {_AT_ONCE} processes at once")
    for number in outcome.over(range(rounds), show=show):
        night = trial.copy(folder / "tried")
        racing = [trial.start(night.home) for _ in range(_AT_ONCE)]
        for process in racing:
            process.join()
        codes = {process.exitcode for process in racing}
        found = night.faults(golden.result())
        if codes != {0}:
            found.append(f"exit codes {sorted(map(str, codes))}")
        if _moves(night) != moves:
            found.append("the champion moved more than once")
        outcome.violations += [f"round {number}: {each}" for each in found]
    return outcome


def _moves(night: Night) -> int:
    return len((night.home / "registry" / "history.jsonl").read_text().splitlines())
