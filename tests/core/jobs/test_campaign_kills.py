"""An approval killed at any point leaves the old state or the new one, and another one ends it."""

import random
from pathlib import Path

import pytest

from tests.harness.approvals import POINTS, Approval
from tests.harness.campaign_home import CampaignHome
from tests.harness.home import Home
from tests.harness.killing import KILLED
from tests.harness.sampled import sampled

SEED = 20_263
pytestmark = pytest.mark.xdist_group("approvals")
"""On one worker, which proposes once."""


@pytest.fixture(scope="module")
def _proposed(tmp_path_factory: pytest.TempPathFactory, _scored: Home) -> Approval:
    folder = tmp_path_factory.mktemp("proposed")
    house = CampaignHome(_scored.copy_to(folder / "start"), folder / "lists")
    return Approval(folder / "start", folder / "home", folder / "lists", house.propose())


@pytest.fixture
def approval(_proposed: Approval) -> Approval:
    """Prepare a home with an open proposal."""
    _proposed.prepare()
    return _proposed


@pytest.fixture(scope="module")
def golden(_proposed: Approval) -> dict[str, bytes]:
    """Approve undisturbed."""
    _proposed.prepare()
    assert _proposed.run() == 0
    written = _proposed.lists_written()
    assert len(written) == 6
    assert _proposed.faults(written) == []
    return written


@pytest.mark.parametrize("point", sampled(POINTS, 3))
def test_an_approval_killed_at_a_named_point(
    point: str, golden: dict[str, bytes], approval: Approval
) -> None:
    """Either no campaign and an open proposal, or the whole campaign, which is its decision."""
    assert approval.run(kill_at=point) == KILLED
    assert approval.faults(golden) == []


@pytest.mark.parametrize("shot", sampled(range(100), 50))
def test_an_approval_killed_at_a_random_moment(
    shot: int, golden: dict[str, bytes], approval: Approval
) -> None:
    """At moments drawn from a fixed seed."""
    seconds = random.Random(SEED + shot).uniform(0, 1.5)  # noqa: S311 moments, not secrets
    assert approval.run(after_seconds=seconds) in (0, KILLED)
    assert approval.faults(golden) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_refusal_killed_around_its_record(
    moment: str, golden: dict[str, bytes], approval: Approval
) -> None:
    """It was refused, or it is open; no list either way."""
    assert approval.run(kill_at=f"{moment}:rename-decision", outcome="refused") == KILLED
    decision = approval.house.decision(approval.name)
    assert (decision is None) == (moment == "before")
    assert approval.house.campaigns() == []
    if moment == "before":
        assert approval.faults(golden) == []


def test_the_harness_catches_a_list_written_in_place(golden: dict[str, bytes], approval: Approval) -> None:
    """A campaign without its groups, and a decision without a campaign, are seen by this harness."""
    assert approval.run() == 0
    (folder,) = approval.house.campaigns()
    Path(folder / "measurement.csv").unlink()
    assert "a campaign is half written" in approval.faults(golden)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert "there is a decision but no campaign" in approval.faults(golden)
