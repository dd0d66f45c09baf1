"""The order and the number of deliveries do not change the result."""

import os
import random
from pathlib import Path

import pytest

from tests.harness.deliveries import Drain

DAYS = [f"crm_2026-03-{day:02d}.csv" for day in range(1, 8)]


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip syncing: these tests do not cover power cuts."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def content(name: str) -> bytes:
    """Make a day's extract."""
    return f"customerID\n{name}\n".encode()


def in_order(home: Path, order: list[list[str]]) -> Drain:
    """Deliver groups of days, and run a night after each group."""
    drain = Drain(home)
    for group in order:
        for name in group:
            drain.deliver(name, content(name))
        drain.night()
    return drain


def test_a_week_in_any_order_ends_alike(tmp_path: Path) -> None:
    """Seven days in 200 sampled orders and groupings: the same archive, scores and latest."""
    rng = random.Random(20_261)  # noqa: S311 orders, not secrets
    expected = in_order(tmp_path / "expected", [DAYS])
    assert len(expected.files("archive")) == len(expected.files("scores")) == 7
    assert str(expected.latest).startswith("2026-03-07-")
    for number in range(200):
        rest, order = rng.sample(DAYS, len(DAYS)), []
        while rest:
            size = rng.randint(1, len(rest))
            order.append(rest[:size])
            rest = rest[size:]

        drain = in_order(tmp_path / str(number), order)

        assert drain.files("inbox", "work", "archive", "rejected", "scores") == expected.files(
            "inbox", "work", "archive", "rejected", "scores"
        ), order
        assert drain.latest == expected.latest, order


def test_a_thousand_redeliveries_change_nothing(tmp_path: Path) -> None:
    """The same bytes under the same and under other names are scored once and kept once."""
    drain = in_order(tmp_path, [DAYS[:1]])
    before = drain.files("work", "archive", "scores")
    latest = (drain.places.scores / "latest.json").read_bytes()
    for number in range(1_000):
        drain.deliver(f"again-{number % 7}.csv", content(DAYS[0]))
        drain.night()

    assert drain.files("work", "archive", "scores") == before
    assert (drain.places.scores / "latest.json").read_bytes() == latest
    assert drain.files("inbox") == {"inbox/.inbox": b""}


def test_the_first_version_again_does_not_undo_the_correction(tmp_path: Path) -> None:
    """v1, v2, v1: both are scored, once, and the latest stays v2's."""
    drain = Drain(tmp_path)
    pointed = []
    for version in (b"v1", b"v2", b"v1", b"v2", b"v1"):
        drain.deliver("crm_2026-03-01.csv", version)
        drain.night()
        pointed.append(drain.latest)

    assert len(set(pointed)) == 2
    assert pointed[1:] == pointed[1:2] * 4
    assert len(drain.files("archive")) == len(drain.files("scores")) == 2


def test_two_versions_of_a_day_that_wait_together_end_by_arrival(tmp_path: Path) -> None:
    """Of one day, the file that was written last is the correction, whatever the names."""
    for names in (("a_2026-03-01.csv", "b_2026-03-01.csv"), ("b_2026-03-01.csv", "a_2026-03-01.csv")):
        drain = Drain(tmp_path / names[0])
        for second, name in enumerate(names):
            os.utime(drain.deliver(name, name.encode()), (1_772_400_000 + second,) * 2)
        drain.night()

        assert sum(names[1].encode() in each for each in drain.files("archive").values()) == 1
        (last,) = (
            path.name[11:27]
            for path in drain.places.archive.iterdir()
            if names[1].encode() in path.read_bytes()
        )
        assert str(drain.latest)[11:27] == last
