from datetime import UTC, datetime

import pytest

from schemas.horizon import Horizon
from schemas.status import ChampionStatus, Disk, Status, Waiting
from tasks.core.operations.status_page import WIDTH
from tests.harness.pages import page

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)


def status_of(outcome: str = "passed", horizon: Horizon | None = None) -> Status:
    """Make the status of a champion with every mark."""
    champion = ChampionStatus(
        bundle_id="a" * 16,
        model_id="b" * 16,
        trained_at=NOW,
        since=NOW,
        action="roll back",
        forced=True,
        gate_outcome=outcome,
        simulated=True,
        horizon=horizon,
    )
    nothing = Waiting(extracts=0, oldest_hours=None)
    return Status(
        timezone="UTC",
        at=NOW,
        running=True,
        alarms=(),
        champion=champion,
        nights=(),
        inbox=nothing,
        work=nothing,
        rejected=(),
        proposals=(),
        campaigns=(),
        disk=Disk(total_bytes=1_000, free_bytes=500, used_bytes={}),
    )


@pytest.mark.parametrize("outcome", ["passed", "not proven", "refused"])
def test_a_champion_with_every_mark_fits_the_page(outcome: str) -> None:
    """The longest line about a champion is no wider than the page, and both of its ids are there."""
    text = page(status_of(outcome))

    assert max(map(len, text.splitlines())) <= WIDTH
    assert "a" * 16 in text
    assert "b" * 16 in text


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        (Horizon(days=60, source="declared"), "60 days (declared)"),
        (Horizon(days=30, source="assumed"), "30 days (assumed)"),
        (None, "not declared"),
    ],
)
def test_the_horizon_of_the_champion_is_on_the_page(horizon: Horizon | None, said: str) -> None:
    """On a line of its own; a champion sealed without one says so."""
    assert f"  horizon: {said}" in page(status_of(horizon=horizon)).splitlines()
