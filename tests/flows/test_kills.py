"""A night killed at any point leaves nothing half-written, and a rerun converges."""

import random
from pathlib import Path

import pytest

from tests.harness.killing import KILLED
from tests.harness.night import SCORING, TRAINED, TRAINING, Night, points_of
from tests.harness.sampled import sampled

SEED = 20_261


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, crm_extract: Path) -> Path:
    """Make the home of a night that has trained but not started to score."""
    night = Night(tmp_path_factory.mktemp("trained") / "home", crm_extract)
    night.prepare()
    assert night.run(kill_at=TRAINED) == KILLED
    return night.home


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory, crm_extract: Path, trained: Path) -> dict[str, bytes]:
    """Run an undisturbed night."""
    night = Night(tmp_path_factory.mktemp("golden") / "home", crm_extract, trained)
    night.prepare()
    assert night.run() == 0
    assert night.violations() == []
    result = night.result()
    assert result["champion"]
    assert result["waiting"] == result["leftovers"] == b""
    return result


def ends_well(night: Night, kill_at: str, golden: dict[str, bytes]) -> None:
    """Kill a night: old state or new, never between; one rerun gives the bytes of an undisturbed night."""
    night.prepare()

    assert night.run(kill_at=kill_at) == KILLED
    assert night.violations() == []
    assert night.run() == 0
    assert night.faults(golden) == []


@pytest.mark.parametrize("point", sampled(points_of(TRAINING), 12))
def test_a_training_killed_at_a_named_point(
    point: str, tmp_path: Path, crm_extract: Path, golden: dict[str, bytes]
) -> None:
    """A night that is killed while it trains trains again, to the same champion and scores."""
    ends_well(Night(tmp_path / "home", crm_extract), point, golden)


@pytest.mark.parametrize("point", sampled(points_of(SCORING), 8))
def test_a_kill_at_a_named_point(
    point: str, tmp_path: Path, crm_extract: Path, trained: Path, golden: dict[str, bytes]
) -> None:
    """A night that is killed while it scores scores again, to the same bytes."""
    ends_well(Night(tmp_path / "home", crm_extract, trained), point, golden)


@pytest.mark.parametrize("shot", sampled(range(6), 3))
def test_a_kill_at_a_random_moment(
    shot: int, tmp_path: Path, crm_extract: Path, golden: dict[str, bytes]
) -> None:
    """Kills at moments drawn from a fixed seed; `make torture` shoots hundreds."""
    night = Night(tmp_path / "home", crm_extract)
    night.prepare()
    seconds = random.Random(SEED + shot).uniform(0, 2)  # noqa: S311 moments, not secrets

    assert night.run(after_seconds=seconds) in (0, KILLED)
    assert night.violations() == []
    assert night.run() == 0
    assert night.faults(golden) == []


def test_the_harness_catches_a_naive_writer(tmp_path: Path, crm_extract: Path, trained: Path) -> None:
    """A writer that publishes file after file is seen half-done by this very harness."""
    night = Night(tmp_path / "home", crm_extract, trained)
    night.prepare()

    assert night.run(kill_at="before:write-manifest", naive=True) == KILLED
    assert night.violations() == ["scores: FileNotFoundError"]
