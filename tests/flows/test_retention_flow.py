"""The sweep through its flow, with Prefect's own runs on a real server."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.retention_flow import retention
from schemas.config import ContactsConfig, Locations, ScoreConfig
from schemas.operations import RetentionPolicy
from schemas.retention import Swept
from schemas.run_messages import ForgetEnded, Forgotten
from schemas.timezone import DEFAULT_TIMEZONE
from tasks import retention as steps
from tasks.core.errors import ConfigError, ExtractError, PublishError
from tasks.core.operations.retention_log import append_log, count_deletions, read_log
from tasks.core.simulator.contact_writer import write_contacts
from tasks.core.simulator.extract_writer import write_extract
from tests.harness.customers import make_customers
from tests.harness.deliveries import publish_scores
from tests.harness.flow_home import FlowHome
from tests.harness.retention_table import unnamed
from tests.harness.rights import bound_by_rights
from tests.harness.server import Server

NOTHING_ELSE = (
    "rejected: 0, scores: 0, runs: 0, truth: 0, contacts: 0, proposals: 0, campaigns: 0, prefect_files: 0."
)


def test_a_dry_run_deletes_nothing(home: FlowHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts what the sweep then deletes, and writes no proof."""
    pages(monkeypatch)
    old = home.path / "archive" / "2020-01-01-0123456789abcdef.csv"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    log = home.path / "retention.jsonl"
    said = str(retention.fn(dry_run=True).message)
    assert old.exists()
    assert not log.exists()
    assert said == f"Would delete archive: 1, {NOTHING_ELSE}"
    assert str(retention.fn().message).startswith("Deleted archive: 1,")

    assert not old.exists()
    assert len(log.read_text().splitlines()) == 10


def test_everything_in_a_used_home_has_a_rule(
    trained_home: FlowHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After training, simulating, scoring, refusing, presenting and sweeping, the page names every path."""
    pages(monkeypatch)
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    make_customers(20).to_csv(inbox / "crm_2026-03-01.csv", index=False)
    (inbox / "crm_2026-03-02.csv").write_text("nothing")
    write_extract(inbox / "crm_2026-03-03.csv.part", rows=20, seed=1)
    today = datetime.now(tz=UTC).date()
    write_contacts(tmp_path / "lists", today, rows=20, seed=1)
    contacts = ContactsConfig(objections=tmp_path / "lists" / f"objections_{today}.csv")
    with pytest.raises(ExtractError, match="Extracts scored: 1, rejected: 1"):
        trained_home.score(config=ScoreConfig(settle_seconds=0, contacts=contacts))
    trained_home.present()
    retention.fn()

    assert unnamed(trained_home.path) == []
    (inbox / ".strange").touch()
    assert unnamed(trained_home.path) == ["inbox/.strange"]


def test_a_clock_that_jumped_deletes_nothing(home: FlowHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep is refused, Prefect's runs included, unless the operator confirms the clock."""
    asked = pages(monkeypatch)
    then = datetime.now(tz=ZoneInfo(DEFAULT_TIMEZONE)) - timedelta(days=36)
    publish_scores(home.path / "scores", then.date(), "0123456789abcdef", then)
    old = home.path / "archive" / "2020-01-01-0123456789abcdef.csv"
    old.parent.mkdir()
    old.write_text("x")
    for dry_run in (True, False):
        with pytest.raises(ConfigError, match=f"was on {then.date()}"):
            retention.fn(dry_run=dry_run)
    assert old.exists()
    assert not (home.path / "retention.jsonl").exists()
    assert asked == []
    assert str(retention.fn(force=True).message).startswith("Deleted archive: 1,")

    assert not old.exists()


def test_a_night_before_the_sweep_does_not_hide_a_jump(
    trained_home: FlowHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the schedule: the clock jumps, a night scores, the sweep after it deletes nothing."""
    pages(monkeypatch)
    home = trained_home.path
    append_log(home / "retention.jsonl", count_deletions([], datetime.now(tz=UTC) - timedelta(days=36)))
    old = home / "archive" / "2020-01-01-0123456789abcdef.csv"
    old.parent.mkdir()
    old.write_text("x")
    (home / "inbox").mkdir()
    make_customers(20).to_csv(home / "inbox" / "crm_2026-03-01.csv", index=False)
    assert trained_home.score().is_completed()

    with pytest.raises(ConfigError, match="the last sweep was on"):
        retention.fn()

    assert old.exists()


def test_what_does_not_go_ends_the_sweep_in_one_line(home: FlowHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is deleted first, Prefect's runs included; the log has deletions and failures; code 50."""
    asked = pages(monkeypatch)
    for number in range(2):
        (home.path / "runs" / f"2020010{number + 1}T040000-1" / "checkpoints").mkdir(parents=True)
    (home.path / "archive").mkdir()
    (home.path / "archive" / "2020-01-01-0123456789abcdef.csv").write_text("x")
    log, rmdir = home.path / "retention.jsonl", os.rmdir

    def refuse(path: str, **options: Any) -> None:
        if "20200101" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rmdir(path, **options)

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(PublishError) as error:
        retention.fn()

    assert error.value.exit_code == 50
    assert str(error.value).startswith("expired but not deleted: runs: 1; the run's warnings say why.")
    assert len(asked) == 1
    assert [path.name for path in (home.path / "runs").iterdir()] == [".expired-20200101T040000-1"]
    lines = [Swept.model_validate_json(line) for line in log.read_bytes().splitlines()]
    counted = [(line.kind, line.deleted, line.failed) for line in lines if line.deleted or line.failed]
    assert counted == [("archive", 1, 0), ("runs", 1, 1)]


def test_a_folder_that_cannot_be_read_ends_the_sweep_in_one_line(
    home: FlowHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other kinds go first, Prefect's runs included; the log marks the kind, and the code is 50."""
    asked = pages(monkeypatch)
    for path in ("archive/2020-01-01-0123456789abcdef.csv", "runs/20200101T040000-1"):
        (home.path / path).mkdir(parents=True)
    (home.path / "archive").chmod(0o000)
    with bound_by_rights(), pytest.raises(PublishError) as error:
        retention.fn()
    (home.path / "archive").chmod(0o700)

    assert error.value.exit_code == 50
    assert str(error.value).startswith("cannot be read, and may hold expired data: archive; ")
    assert len(asked) == 1
    assert list((home.path / "runs").iterdir()) == []
    assert len(list((home.path / "archive").iterdir())) == 1
    lines = [
        Swept.model_validate_json(line) for line in (home.path / "retention.jsonl").read_bytes().splitlines()
    ]
    assert [line.kind for line in lines if line.unreadable] == ["archive"]
    assert [line.kind for line in lines if line.deleted] == ["runs"]


def gone(day: int) -> Forgotten:
    """Say that a run of Prefect's is gone, which ended in the last hour (UTC) of a day of January 2020."""
    return Forgotten(ended_at=datetime(2020, 1, day, 23, 30, tzinfo=UTC))


def pages(
    monkeypatch: pytest.MonkeyPatch, *given: Forgotten, complete: bool = True, broken: bool = False
) -> list[bool]:
    """Make Prefect delete these runs, or fail; list the requests, dry runs as True."""
    asked: list[bool] = []

    def forget(flows: tuple[str, ...], _: datetime, *, dry_run: bool) -> Iterator[Forgotten | ForgetEnded]:
        assert flows == steps.FLOWS
        asked.append(dry_run)
        yield from given
        if broken:
            raise KeyboardInterrupt
        yield ForgetEnded(complete=complete)

    monkeypatch.setattr(steps, "forget_runs", forget)
    return asked


def test_what_prefect_deleted_is_proven(
    home: FlowHome, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A sweep logs all deletions by day, even if it failed or was interrupted; a dry run logs nothing."""
    first, second, last = map(gone, (3, 1, 5))
    where = Locations(home=home.path)
    home.path.mkdir()
    pages(monkeypatch, first, second, last)
    steps.sweep_prefect(where, RetentionPolicy(), dry_run=True)
    assert not (home.path / "retention.jsonl").exists()
    steps.sweep_prefect(where, RetentionPolicy(), dry_run=False)
    pages(monkeypatch, first, complete=False)
    steps.sweep_prefect(where, RetentionPolicy(), dry_run=False)
    pages(monkeypatch, first, second, broken=True)
    with pytest.raises(KeyboardInterrupt):
        steps.sweep_prefect(where, RetentionPolicy(), dry_run=False)

    lines = list(read_log(home.path / "retention.jsonl"))[::-1]
    assert [line.deleted for line in lines] == [3, 1, 2]
    assert [line.oldest for line in lines] == [date(2020, 1, 2), date(2020, 1, 4), date(2020, 1, 2)]
    assert [line.newest for line in lines] == [date(2020, 1, 6), date(2020, 1, 4), date(2020, 1, 4)]
    assert sum("could not all be swept" in each.message for each in caplog.records) == 1


def test_without_prefect_files_are_swept_all_the_same(
    home: FlowHome, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own runs are left to the next sweep, which a warning says; the exit code is that of the files."""
    home.path.mkdir()

    said = str(retention.fn().message)

    assert said == f"Deleted archive: 0, {NOTHING_ELSE}"
    assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
        "Prefect's own runs could not all be swept; the next sweep will continue."
    ]


@pytest.mark.xdist_group("server")
def test_prefect_forgets_runs_that_are_past_their_time(server: Server, home: FlowHome) -> None:
    """Runs of ours that ended long ago go with their logs; those of lately stay, and so do others' runs."""
    flow = server.ask("flows/", {"name": "somebody-else's"})["id"]
    others = server.ask("flow_runs/", {"flow_id": flow, "state": {"type": "COMPLETED"}})["id"]
    age(server.prefect_home / "prefect.db", others)
    for _ in range(2):
        ended = server.flow("retention", home=home.path)
        assert ended.returncode == 0, ended.stderr
    runs = server.ask("flow_runs/filter", {"flows": {"name": {"any_": ["retention"]}}})
    old, new = (run["id"] for run in runs[:2])
    age(server.prefect_home / "prefect.db", old)

    ended = server.flow("retention", "--set", "prefect_days=20", home=home.path)

    assert ended.returncode == 0, ended.stderr
    assert "Deleted 1 of Prefect's own runs." in ended.stderr
    left = server.ask("flow_runs/filter", {"flows": {"name": {"any_": ["retention"]}}})
    ids = {run["id"] for run in left}
    assert old not in ids
    assert new in ids
    assert server.ask(f"flow_runs/{others}")["state_type"] == "COMPLETED"
    assert (home.path / "retention.jsonl").read_text().count('"kind":"prefect","deleted":1') == 1


def age(database: Path, run: str) -> None:
    """Set the end of a run to a month ago."""
    then = (datetime.now(tz=UTC) - timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        changed = connection.execute("UPDATE flow_run SET end_time = ? WHERE id = ?", (then, run)).rowcount
    assert changed == 1
