import errno
import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from tasks.core.engine.stream import Totals
from tasks.core.errors import ConfigError, ExtractError, PublishError
from tasks.core.jobs import score_night
from tasks.core.jobs.scoring_job import ScoringJob
from tasks.core.scores.publish import StagedScores
from tests.harness import deliveries
from tests.harness.deliveries import Drain

NAME = "crm_2026-03-01.csv"


def test_a_fault_of_ours_keeps_the_extract_and_the_others_are_scored(tmp_path: Path) -> None:
    """An extract that cannot be published stays in work/, is reported, and is scored by the next night."""
    drain = Drain(tmp_path)
    for name in (NAME, "crm_2026-03-02.csv"):
        drain.deliver(name, name.encode())
    publish, full = score_night.publish, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def first_fails(job: ScoringJob, staged: StagedScores, now: datetime) -> Path:
        if job.as_of == date(2026, 3, 1):
            raise full
        return publish(job, staged, now)

    with patch.object(score_night, "publish", first_fails):
        outcome = drain.night()

    assert (len(outcome.scored), outcome.unscored, outcome.error) == (1, [full], full)
    assert [path.name for path in drain.places.work.glob("[!.]*")] == [NAME]
    again = drain.night()
    assert (len(again.scored), again.error) == (1, None)


def test_published_scores_are_announced_once_a_run(tmp_path: Path) -> None:
    """With counts and the folder of the latest ones; a run that publishes nothing announces nothing."""
    drain = Drain(tmp_path)
    for name in (NAME, "crm_2026-03-02.csv"):
        drain.deliver(name, name.encode())

    with patch.object(score_night, "announce") as announced:
        latest = max(drain.night().scored)
        drain.night()
    (event, resource, facts), _ = announced.call_args
    assert announced.call_count == 1
    assert (event, resource) == ("churn.scores.published", f"churn.scores.{latest.name}")
    assert (facts["folder"], facts["as_of_date"], facts["extracts"]) == (latest.name, "2026-03-02", 2)
    assert {*facts} == {"folder", "as_of_date", "extracts", "customers", "flagged"}


def test_a_reject_that_cannot_be_filed_is_a_fault_of_ours(tmp_path: Path) -> None:
    """It stays in work/, and the others are scored."""
    drain = Drain(tmp_path)
    drain.deliver("crm_2026-13-01.csv", b"x")
    drain.deliver(NAME, b"y")

    with patch.object(score_night, "reject", side_effect=OSError(errno.ENOSPC, "full")):
        outcome = drain.night()

    assert (len(outcome.scored), outcome.rejected) == (1, [])
    assert isinstance(outcome.error, PublishError)


def test_what_changes_while_it_is_read_is_still_arriving(tmp_path: Path) -> None:
    """Of the inbox it is taken again by the next night; what an operator names is refused."""
    drain = Drain(tmp_path)
    drain.deliver(NAME, b"half")
    publish = score_night.publish

    def grow(job: ScoringJob, staged: StagedScores, now: datetime) -> Path:
        job.delivery.path.write_bytes(b"half and the rest")
        return publish(job, staged, now)

    with patch.object(score_night, "publish", grow):
        outcome = drain.night()

    assert (outcome.arriving, outcome.error, outcome.summary) == (
        1,
        None,
        "Extracts scored: 0, rejected: 0, still arriving: 1.",
    )
    named = tmp_path / "named_2026-03-02.csv"
    named.write_bytes(b"half")
    with patch.object(score_night, "publish", grow):
        assert isinstance(drain.night(named).error, ExtractError)
    assert named.exists()


@pytest.mark.parametrize(("asked", "warned"), [(None, 0), (date(2026, 3, 1), 0), (date(2026, 3, 5), 1)])
def test_an_extract_that_was_scored_keeps_its_day_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, asked: date | None, warned: int
) -> None:
    """A warning says that another as-of day is ignored."""
    drain = Drain(tmp_path)
    drain.deliver(NAME, b"x")
    drain.night()
    drain.deliver("crm_2026-03-05.csv", b"x")

    outcome = drain.night(as_of=asked)

    assert len(outcome.repeated) == 1
    assert sum("is ignored" in each.message for each in caplog.records) == warned


@pytest.mark.parametrize(("name", "warned"), [("crm.csv", 1), (NAME, 0)])
def test_a_night_says_which_day_it_took_from_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, warned: int
) -> None:
    """A name without a date leaves the day of the file's modification, and a warning says so."""
    drain = Drain(tmp_path)
    drain.deliver(name, b"x")
    drain.night()

    said = [each.message for each in caplog.records if "has no date in its name" in each.message]
    assert len(said) == warned
    assert all("the day of its last modification" in each for each in said)


def test_a_missing_inbox_stops_the_night(tmp_path: Path) -> None:
    """It is not an empty night."""
    with pytest.raises(ConfigError, match="no inbox"):
        Drain(tmp_path).night()


def test_what_an_operator_names_is_scored_where_it_lies(tmp_path: Path) -> None:
    """It is not archived, the inbox is not read, and staleness is not reported."""
    drain = Drain(tmp_path / "home")
    named = tmp_path / NAME
    named.write_bytes(b"x")

    outcome = drain.night(named)

    assert (len(outcome.scored), outcome.delivered, outcome.stale) == (1, False, None)
    assert named.read_bytes() == b"x"
    assert drain.files("archive") == {}
    assert not drain.places.inbox.exists()


def test_a_night_settles_only_where_something_waits(tmp_path: Path) -> None:
    """The quiet period is skipped for an empty inbox, and observed for extracts."""
    drain, slept = Drain(tmp_path), []
    drain.deliver(NAME, b"x")
    with patch.object(score_night.time, "sleep", slept.append):
        assert len(drain.night().scored) == 1
        assert len(slept) == 1
        assert drain.night().summary.startswith("Extracts scored: 0, rejected: 0.")
    assert len(slept) == 1


def test_a_sidecar_without_its_extract_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may have come first: it stays, and is counted."""
    drain = Drain(tmp_path)
    drain.deliver("crm_2026-03-01.csv.sha256", b"0" * 64)

    drain.night()

    assert "inbox: 1 .sha256 files have no extract" in caplog.messages
    assert (drain.places.inbox / "crm_2026-03-01.csv.sha256").exists()
    drain.deliver("crm_2026-03-01.csv.sha256", b"").unlink()
    caplog.clear()
    drain.night()
    assert not any("have no extract" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("strangers", "said"), [(0, None), (900, "90.0% of customers scored for 2026-03-01")]
)
def test_a_night_says_that_its_own_scores_drifted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, strangers: int, said: str | None
) -> None:
    """Only in the night that made the scores: a later one without new scores does not repeat it."""
    drain, usual = Drain(tmp_path), deliveries.engine
    drain.deliver(NAME, b"x")

    def engine(job: ScoringJob) -> StagedScores:
        return replace(usual(job), totals=Totals(1_000, 300, strangers))

    with patch.object(deliveries, "engine", engine):
        first, second = drain.night(), drain.night()

    assert (first.drifted is not None) is (said is not None)
    assert (said or "") in (first.drifted or "")
    assert second.drifted is None
    assert sum(message.startswith("drifted: ") for message in caplog.messages) == (said is not None)
