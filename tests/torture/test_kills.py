"""A sample of kills and races, each with its control."""

from pathlib import Path
from random import Random
from unittest.mock import Mock, create_autospec, patch

import pytest

from tests.harness.killing import KILLED
from tests.torture import kills
from tests.torture.trial import UNLOCKED, Trial

SEED = 20_261


def test_kills_at_random_moments(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Killed at any time, mostly while publishing, a promotion leaves the old champion or the new one."""
    home, extract = template

    outcome = kills.kill_one(Trial(home, "promote", extract), tmp_path, 8, SEED, show=False)

    assert (outcome.trials, outcome.violations) == (8, [])


@pytest.mark.long
@pytest.mark.parametrize(("act", "_what", "sign"), kills.CONTROLS)
def test_a_naive_writer_is_caught_by_kills(
    act: str, _what: str, sign: str, template: tuple[Path, Path], tmp_path: Path
) -> None:
    """Kills fall while scores and registry are written, so a writer that takes its time at it is caught."""
    home, extract = template

    trial = Trial(home, act, extract)

    assert any(
        sign in violation
        for seed in range(SEED, SEED + 8)  # a busy machine makes kills miss; each attempt times the act again
        for violation in kills.kill_one(trial, tmp_path, 4, seed, show=False).violations
    )


@pytest.mark.parametrize(
    ("codes", "missed"),
    [
        ([KILLED], None),
        ([0, 0, KILLED], None),
        ([0] * kills.TRIES, f"it had ended before each of {kills.TRIES} shots"),
        ([0, 50], "undisturbed, its exit code is 50"),
    ],
)
def test_a_shot_that_comes_too_late_is_no_trial(codes: list[int], missed: str | None) -> None:
    """If the act had ended, another moment is drawn, a limited number of times."""
    trial = create_autospec(Trial, instance=True)
    trial.start.side_effect = [Mock(exitcode=code) for code in codes]
    dice = Random(SEED)  # noqa: S311 moments, not secrets

    _, said = kills._shoot(trial, Path("tried"), (0, 1), dice)

    assert said == missed
    assert trial.start.call_count == len(codes)


def test_a_missed_shot_does_not_count(template: tuple[Path, Path], tmp_path: Path) -> None:
    """An act that always ends before its kill is reported as not tried."""
    home, extract = template
    trial = Trial(home, "promote", extract)

    with patch.object(kills, "_shoot", lambda *_: (None, "missed")):
        outcome = kills.kill_one(trial, tmp_path, 2, SEED, show=False)

    assert (outcome.trials, outcome.violations) == (0, ["shot 0: missed", "shot 1: missed"])


@pytest.mark.parametrize("act", ["score", "promote"])
def test_processes_at_once(act: str, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Eight nights, and eight promotions, end as one does."""
    home, extract = template

    outcome = kills.race_one(Trial(home, act, extract), tmp_path, 1, show=False)

    assert (outcome.trials, outcome.violations) == (1, [])


@pytest.mark.long
@pytest.mark.parametrize("act", UNLOCKED)
def test_processes_that_take_no_lock_are_caught(
    act: str, template: tuple[Path, Path], tmp_path: Path
) -> None:
    """Without the lock they interfere: nights always, promotions every other time."""
    home, extract = template
    trial = Trial(home, act, extract)

    assert any(kills.race_one(trial, tmp_path, 1, show=False).violations for _ in range(20))
