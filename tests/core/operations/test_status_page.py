from datetime import UTC, datetime

import pytest

from schemas.status import ChampionStatus, Disk, Status, Waiting
from tasks.core.operations.status_page import WIDTH
from tests.harness.pages import page

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)


@pytest.mark.parametrize("outcome", ["passed", "not proven", "refused"])
def test_a_champion_with_every_mark_fits_the_page(outcome: str) -> None:
    """The longest line about a champion is no wider than the page, and both of its ids are there."""
    champion = ChampionStatus(
        bundle_id="a" * 16,
        model_id="b" * 16,
        trained_at=NOW,
        since=NOW,
        action="roll back",
        forced=True,
        gate_outcome=outcome,
        simulated=True,
    )
    nothing = Waiting(extracts=0, oldest_hours=None)
    status = Status(
        timezone="UTC",
        at=NOW,
        running=True,
        alarms=(),
        champion=champion,
        nights=(),
        inbox=nothing,
        work=nothing,
        rejected=(),
        disk=Disk(total_bytes=1_000, free_bytes=500, used_bytes={}),
    )

    text = page(status)

    assert max(map(len, text.splitlines())) <= WIDTH
    assert "a" * 16 in text
    assert "b" * 16 in text
