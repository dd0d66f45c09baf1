"""Killed sweeps: the log matches what was deleted."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Item, Pending
from tasks.core.errors import PublishError
from tasks.core.intake.rejects import REASON
from tasks.core.operations import deletion, expiry, retention_log, sweep
from tasks.core.operations.deletion import Left
from tasks.core.operations.expiry import find_expired
from tasks.core.operations.retention_log import read_log
from tasks.core.storage import atomic
from tasks.core.storage.atomic import make_folder
from tests.harness.deliveries import BUNDLE, publish_scores
from tests.harness.rights import bound_by_rights

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 5, tzinfo=UTC)
OLD = TODAY - timedelta(days=100)

Sums = dict[str, tuple[int, int, date | None, date | None]]
"""By kind: how many were deleted, their bytes, the first and the last day."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home with two expired items of each kind, from different days."""
    home = Locations(home=tmp_path_factory.mktemp("template") / "home")
    for folder in (home.work, home.archive, home.rejected, home.runs):
        make_folder(folder)
    for number in range(2):
        day, extract = OLD + timedelta(days=number), f"{number:016d}"
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        publish_scores(home.scores, day, extract, moment - timedelta(days=30))
        (home.archive / f"{day}-{extract}.csv").write_bytes(b"x" * (10 + number))
        rejected = make_folder(home.rejected / extract)
        (rejected / "extract").write_bytes(b"x" * (20 + number))
        (rejected / REASON).write_text("why")
        os.utime(rejected / REASON, (moment.timestamp(),) * 2)
        run = make_folder(home.runs / f"{day:%Y%m%d}T040000-1" / "checkpoints")
        (run / "best.pt").write_bytes(b"x" * (40 + number))
    publish_scores(home.scores, TODAY, "f" * 16, NOW)
    return home.home


@pytest.fixture
def fresh(template: Path, tmp_path: Path) -> Callable[[], Locations]:
    """Return a factory of copies of the home."""

    def copy() -> Locations:
        shutil.rmtree(tmp_path / "home", ignore_errors=True)
        return Locations(home=shutil.copytree(template, tmp_path / "home"))

    return copy


def run_sweep(home: Locations, minute: int = 0) -> list[Left]:
    """Sweep, the given number of minutes after the first sweep."""
    due = find_expired(home, RetentionPolicy(), BUNDLE, NOW)
    return sweep.sweep(home, due, NOW + timedelta(minutes=minute))[1]


def sums(home: Locations) -> Sums:
    """Add up the log."""
    lines = list(read_log(home.retention_log))
    found: Sums = {}
    for kind in ("archive", "rejected", "scores", "runs"):
        of_kind = [line for line in lines if line.kind == kind]
        days = [day for line in of_kind for day in (line.oldest, line.newest) if day is not None]
        found[kind] = (
            sum(line.deleted for line in of_kind),
            sum(line.bytes or 0 for line in of_kind),
            min(days, default=None),
            max(days, default=None),
        )
    return found


class Dead(BaseException):
    """The process was killed."""


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch, at: int) -> Iterator[list[int]]:
    """Kill a sweep before the given disk operation; all later ones fail. Return the number of operations."""
    done = [0]

    def deadly(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            done[0] += 1
            if done[0] > at:
                raise Dead
            return original(*args, **options)

        return call

    with monkeypatch.context() as killing:
        for name in ("open", "rename", "replace", "unlink", "rmdir", "fsync"):
            killing.setattr(os, name, deadly(getattr(os, name)))
        for module, name in ((retention_log, "append_log"), (atomic, "write_new"), (sweep, "replace_file")):
            killing.setattr(module, name, deadly(getattr(module, name)))
        killing.setattr(sweep, "append_log", retention_log.append_log)
        with suppress(Dead):
            yield done


@pytest.fixture
def whole(fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch) -> tuple[int, Sums]:
    """Sweep undisturbed; count the disk operations, and sum up the log."""
    home = fresh()
    with killed(monkeypatch, 10_000) as done:
        run_sweep(home)
    assert {kind: count for kind, (count, *_) in sums(home).items()} == {
        "archive": 2, "rejected": 2, "scores": 2, "runs": 2,
    }  # fmt: skip
    return done[0], sums(home)


def assert_clean(home: Locations) -> None:
    """Check that no expired data and no leftovers of sweeps remain."""
    assert [len(list(folder.iterdir())) for folder in (home.archive, home.rejected, home.runs)] == [0, 0, 0]
    assert len(list(home.scores.glob("*"))) == 1
    assert not home.retention_pending.exists()
    assert list(home.home.glob(".stage-*")) == []


def test_a_kill_at_any_moment_loses_no_proof(
    whole: tuple[int, Sums], fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill before any disk operation, the next sweep completes the log."""
    operations, expected = whole
    for moment in range(operations):
        home = fresh()
        with killed(monkeypatch, moment):
            run_sweep(home)
        run_sweep(home, 1)

        assert_clean(home)
        assert sums(home) == expected, f"killed before operation {moment}"


def test_kills_of_several_sweeps_lose_no_proof(
    whole: tuple[int, Sums], fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the next sweeps are killed too, nothing is lost or counted twice."""
    operations, expected = whole
    dice = random.Random(20_261)  # noqa: S311 moments, not secrets
    for _ in range(80):
        home = fresh()
        moments = [dice.randrange(operations) for _ in range(3)]
        for minute, moment in enumerate(moments):
            with killed(monkeypatch, moment):
                run_sweep(home, minute)
        run_sweep(home, 3)

        assert_clean(home)
        assert sums(home) == expected, f"killed before operations {moments}"


def test_a_log_that_a_power_cut_broke_is_completed(
    whole: tuple[int, Sums], fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the lines of a sweep some reached the disk, one in part: the next sweep adds those that did not."""
    operations, expected = whole
    for cut in (1, 300, 500, 10_000):
        home = fresh()
        with killed(monkeypatch, operations - 4):  # before the pending file is removed
            run_sweep(home)
        assert home.retention_pending.exists()
        with home.retention_log.open("r+b") as log:
            log.truncate(max(0, home.retention_log.stat().st_size - cut))
        run_sweep(home, 1)

        assert_clean(home)
        assert sums(home) == expected


def test_the_pending_file_says_what_is_being_deleted(
    fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It contains hidden names with kind, day and size, is private, and is removed at the end."""
    home = fresh()
    seen = []

    def look(home: Locations, items: list[Item]) -> tuple[list[Item], list[Left]]:
        seen.append((home.retention_pending.read_bytes(), home.retention_pending.stat().st_mode & 0o777))
        return deletion.delete(home, items)

    monkeypatch.setattr(sweep, "delete", look)
    run_sweep(home)
    ((content, mode),) = seen
    pending = Pending.model_validate_json(content)

    assert mode == 0o600
    assert pending.at == NOW
    assert pending.items[0] == Item(
        kind="archive", path=Path(f"archive/.expired-{OLD}-{0:016d}.csv"), day=OLD, bytes=10
    )
    assert len(pending.items) == 8
    assert all(item.path.name.startswith(expiry.HIDDEN) for item in pending.items)
    assert_clean(home)


def test_a_damaged_pending_file_stops_the_sweep(fresh: Callable[[], Locations]) -> None:
    """Nothing is deleted until an operator acts; one line says what to do."""
    home = fresh()
    home.retention_pending.write_bytes(b"{")

    with pytest.raises(PublishError, match="Move it away"):
        run_sweep(home)
    assert not home.retention_log.exists()
    assert len(list(home.archive.glob("2*"))) == 2
    home.retention_pending.unlink()
    run_sweep(home)
    assert_clean(home)


def test_what_cannot_be_looked_at_is_not_taken_for_gone(
    whole: tuple[int, Sums], fresh: Callable[[], Locations], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a killed sweep's folder cannot be read meanwhile, its proof waits until it can."""
    operations, expected = whole
    home = fresh()
    with killed(monkeypatch, operations // 2):
        run_sweep(home)
    home.archive.chmod(0)
    with bound_by_rights(), pytest.raises(PermissionError):
        run_sweep(home, 1)
    home.archive.chmod(0o700)
    run_sweep(home, 2)

    assert_clean(home)
    assert sums(home) == expected
