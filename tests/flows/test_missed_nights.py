import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.sampled import sampled


def deliver(home: FlowHome, nights: Sequence[int]) -> None:
    """Deliver the extracts of some nights of March, in this order."""
    inbox = home.path / "inbox"
    inbox.mkdir()
    for number, night in enumerate(nights):
        path = inbox / f"crm_2026-03-{night:02d}.csv"
        make_customers(50, night).to_csv(path, index=False)
        os.utime(path, (1_772_500_000 + number,) * 2)


def outcome(home: FlowHome) -> dict[str, bytes]:
    """Return what was published, without the timestamps of the manifests."""
    names = ("scores.csv", "quarantine.csv")
    return {
        f"{folder.name}/{name}": (folder / name).read_bytes() for folder in home.published() for name in names
    }


@pytest.mark.parametrize("nights", sampled([5, 14], 2))
def test_missed_nights_are_scored_by_the_next_run(
    trained_home: FlowHome, tmp_path: Path, nights: int
) -> None:
    """One run scores every extract that waits, and in whatever order they came the files are the same."""
    backwards = trained_home.copy_to(tmp_path / "backwards")
    days = range(1, nights + 1)
    deliver(trained_home, days)
    deliver(backwards, days[::-1])
    said = trained_home.score().message
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHURN_HOME", str(backwards.path))
        backwards.score()

    assert said is not None
    assert said.startswith(f"Extracts scored: {nights}, rejected: 0.")
    assert [folder.name[:10] for folder in trained_home.published()] == [f"2026-03-{day:02d}" for day in days]
    assert outcome(trained_home) == outcome(backwards)
    assert not list((trained_home.path / "inbox").glob("[!.]*"))
