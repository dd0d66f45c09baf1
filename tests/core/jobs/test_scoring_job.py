import errno
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import ScoreConfig
from schemas.manifest import MANIFEST
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.engine.stream import Progress, Totals
from tasks.core.errors import BundleError, ChangedError, ExtractError, PublishError, RegistryError
from tasks.core.extract.whole.whole_extract import Findings, Reading
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.jobs import scoring_job
from tasks.core.jobs.scoring_job import (
    ScoringJob,
    find_published,
    identify,
    pin_champion,
    point_to_latest,
    publish,
    score_by_threads,
    stage_scores,
)
from tasks.core.scores import latest
from tests.harness.bundles import seal_another
from tests.harness.customers import make_customers
from tests.harness.home import Home

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
DAY = date(2026, 3, 1)


def simulated(bundle: Bundle) -> Bundle:
    """Seal a champion that was trained on simulated customers."""
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"simulated": True}))


def job_for(
    home: Home, table: pd.DataFrame, *, champion: Bundle | None = None, force: bool = False
) -> ScoringJob:
    """Make the job of scoring a table with the champion of a home, or another one."""
    path = home.path / "crm.csv"
    table.to_csv(path, index=False)
    champion = champion or home.champion
    assert champion is not None
    delivery = identify(ExtractPath(path, delivered=False))
    return ScoringJob(delivery, champion, DAY, ScoreConfig(settle_seconds=0), home.path / "scores", force)


def left_in(folder: Path) -> list[str]:
    """List a folder, including hidden entries."""
    return sorted(path.name for path in folder.iterdir())


def test_the_champion_is_pinned_as_it_was_sealed(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The champion is logged by its ids and its gate's verdict, without a warning if it is not simulated."""
    with caplog.at_level("INFO", "churn"):
        bundle = pin_champion(trained_home.registry)

    assert bundle == trained_home.champion
    assert caplog.messages == [
        f"champion: bundle {bundle.manifest.bundle_id}, model {bundle.manifest.model_id} (gate: passed)"
    ]


def test_ids_that_start_with_a_sign_are_counted(trained_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """They are published as sent, in one warning that shows no id; without any there is no warning."""
    table = make_customers(80, seed=3).drop(columns="Churn")
    score_by_threads(job_for(trained_home, table))
    assert "start with" not in caplog.text

    table.loc[[3, 9, 20], "customerID"] = ["+33612345678", " -5", "-5"]
    staged = score_by_threads(job_for(trained_home, table))

    assert "which a spreadsheet reads as formulas: 3. They are published as sent" in caplog.text
    assert "612345678" not in caplog.text
    scores = pd.read_csv(staged.folder / "scores.csv", dtype=str)
    assert scores["customerID"].tolist() == table["customerID"].tolist()


def test_quirks_are_counted_in_the_log(trained_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """One warning counts what was read although it is written otherwise; a plain extract gives none."""
    table = make_customers(80, seed=3).drop(columns="Churn").astype({"tenure": str})
    score_by_threads(job_for(trained_home, table))
    assert "written otherwise" not in caplog.text

    table["tenure"] = " " + table["tenure"]
    table["SeniorCitizen"] = table["SeniorCitizen"].astype(str) + ".0"
    staged = score_by_threads(job_for(trained_home, table))

    assert (
        "Read although written otherwise: codes written as decimals, such as 1.0: 80;"
        " numbers with blanks around them: 80" in caplog.messages
    )
    assert staged.extract.counts.accepted == 80


def test_a_simulated_champion_is_warned_of(trained_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """A warning says that it was trained on simulated customers."""
    bundle = seal_another(trained_home, simulated=True)
    for name in ("champion.json", "history.jsonl"):
        (trained_home.registry / name).unlink()
    scoring_job.registry.promote_bundle(trained_home.registry, bundle, expected=None, forced=False, at=NOW)

    assert pin_champion(trained_home.registry) == bundle
    assert "The champion was trained on SIMULATED customers." in caplog.messages


def test_without_a_champion_nothing_is_scored(tmp_path: Path) -> None:
    """The one line names the command that makes one."""
    with pytest.raises(RegistryError, match=r"no champion to score with.*train_flow"):
        pin_champion(tmp_path)


def test_a_delivered_extract_must_be_as_its_sidecar_says(tmp_path: Path) -> None:
    """The operator's file is accepted as is; a delivered one with another hash is refused."""
    path = tmp_path / "crm.csv"
    path.write_bytes(b"x")
    (tmp_path / "crm.csv.sha256").write_text("0" * 64)

    assert identify(ExtractPath(path, delivered=False)).size == 1
    with pytest.raises(ExtractError, match=r"does not match its \.sha256 file"):
        identify(ExtractPath(path, delivered=True))
    (tmp_path / "crm.csv.sha256").unlink()
    assert identify(ExtractPath(path, delivered=True)).size == 1


def test_scores_are_the_champions_in_the_order_of_the_extract(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The stage has the scorer's result for each accepted customer, without repeats and bad rows."""
    table = make_customers(80, seed=3).astype({"Contract": "object"})
    table.loc[7, "Contract"] = "Weekly"
    table = pd.concat([table, table.iloc[[20]]]).drop(columns="Churn")
    job = job_for(trained_home, table)

    staged = score_by_threads(job)

    kept = make_customers(80, seed=3).drop(index=7)
    expected = job.champion.scorer().score(kept)
    scores = pd.read_csv(staged.folder / "scores.csv", dtype=dict(expected.dtypes), keep_default_na=False)
    pd.testing.assert_frame_equal(scores, expected)
    quarantine = pd.read_csv(staged.folder / "quarantine.csv")
    assert quarantine[["line", "column", "reason"]].to_numpy().tolist() == [
        [9, "Contract", "unknown_category"]
    ]
    assert staged.extract.counts.model_dump() == {
        "received": 81,
        "accepted": 79,
        "quarantined": 1,
        "exact_duplicates": 1,
        "blank_lines": 0,
        "objected": 0,
    }
    assert staged.totals == Totals(
        79, int(expected["churn_flag"].sum()), int((expected["in_domain"] == 0).sum())
    )
    assert sorted(staged.files) == left_in(staged.folder) == ["quarantine.csv", "scores.csv"]
    assert (staged.extract.simulated, staged.ignored_columns) == (False, ())
    assert "ignored" not in caplog.text


def test_whoever_watches_is_told_how_far_it_is(trained_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress ends at all rows and a share of one, and names the extract by its id."""
    told: list[tuple[str, float, int]] = []
    monkeypatch.setattr(scoring_job, "progress", lambda *said: told.append(said))
    job = job_for(trained_home, make_customers(80, seed=3))

    score_by_threads(job)

    assert told[-1] == (f"scoring extract {job.delivery.extract_id}", 1.0, 80)


def test_what_is_not_read_and_who_is_not_real_is_said(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Ignored columns and simulated customers are in the log and in the stage."""
    table = make_customers(80, seed=3)
    table["customerID"] = "SIM-" + table["customerID"]
    job = job_for(trained_home, table)

    with caplog.at_level("INFO", "churn"):
        staged = score_by_threads(job)

    assert (staged.ignored_columns, staged.extract.simulated) == (("Churn",), True)
    counted = "80 lines received = 80 accepted + 0 quarantined + 0 exact duplicates + 0 blank"
    assert caplog.messages[-3:] == [
        f"extract {job.delivery.extract_id}: {counted}",
        "Columns ignored by scoring: Churn",
        "These customers are SIMULATED.",
    ]


@pytest.mark.parametrize(
    ("marked", "force", "refused"), [("", False, True), ("", True, False), ("SIM-", False, False)]
)
def test_a_simulated_champion_scores_real_customers_only_by_force(
    trained_home: Home, marked: str, force: bool, refused: bool
) -> None:
    """If it is refused, the hidden folder is removed."""
    table = make_customers(80, seed=3)
    table["customerID"] = marked + table["customerID"]
    assert trained_home.champion is not None
    job = job_for(trained_home, table, champion=simulated(trained_home.champion), force=force)

    if refused:
        with pytest.raises(BundleError, match=r"cannot score real ones.*--force"):
            score_by_threads(job)
        assert left_in(job.scores) == []
    else:
        assert score_by_threads(job).totals.scored == 80


def _full(*_: object) -> tuple[Findings, Totals]:
    raise OSError(errno.ENOSPC, "No space left on device")


def _bug(*_: object) -> tuple[Findings, Totals]:
    raise ZeroDivisionError


def _stop(*_: object) -> tuple[Findings, Totals]:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("fill", "raised"),
    [(_full, PublishError), (_bug, ZeroDivisionError), (_stop, KeyboardInterrupt)],
)
def test_what_fails_leaves_no_hidden_folder(
    trained_home: Home,
    fill: Callable[[Reading, Path, Callable[[Progress], None]], tuple[Findings, Totals]],
    raised: type[BaseException],
) -> None:
    """A full disk is reported as such, a bug and an interruption are raised unchanged; none leaves files."""
    job = job_for(trained_home, make_customers(80, seed=3))

    with pytest.raises(raised):
        stage_scores(job, fill)

    assert left_in(job.scores) == []


def test_a_published_folder_says_by_whom_and_of_what_it_is(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The manifest is of this champion and extract; it is found again, and becomes the latest."""
    job = job_for(trained_home, make_customers(80, seed=3), force=True)
    assert find_published(job) is None

    with caplog.at_level("INFO", "churn"):
        folder = publish(job, score_by_threads(job), NOW)
        point_to_latest(job.scores, job.champion)

    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert folder.name == f"2026-03-01-{job.delivery.extract_id}-{job.bundle_id}-{job.inputs.inputs_id}"
    assert {name: manifest[name] for name in ("bundle_id", "bundle_manifest_sha256", "gate_outcome")} == {
        "bundle_id": job.bundle_id,
        "bundle_manifest_sha256": job.champion.manifest_sha256,
        "gate_outcome": "passed",
    }
    assert (manifest["scored"], manifest["forced"], manifest["bundle_simulated"]) == (80, True, False)
    assert (manifest["scored_at"], manifest["expires_on"]) == ("2026-03-03T04:00:00Z", "2026-06-01")
    assert manifest["supersedes"] == []
    assert manifest["horizon"] == {"days": 30, "source": "assumed"}
    assert caplog.messages[-2:] == [f"published: {folder}", f"latest scores: {folder.name}"]
    with caplog.at_level("INFO", "churn"):
        assert find_published(job) == folder
    assert "was already scored by this champion" in caplog.messages[-1]
    pointer = latest.read_latest(job.scores)
    assert pointer is not None
    assert pointer.folder == folder.name


def test_a_correction_says_what_it_corrects(trained_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Another extract of the same day names the folder of the first."""
    first = job_for(trained_home, make_customers(80, seed=3))
    before = publish(first, score_by_threads(first), NOW)
    second = job_for(trained_home, make_customers(80, seed=4))

    with caplog.at_level("INFO", "churn"):
        folder = publish(second, score_by_threads(second), NOW)

    assert json.loads((folder / MANIFEST).read_bytes())["supersedes"] == [before.name]
    assert f"extract {second.delivery.extract_id} supersedes earlier scores of its day: 1" in caplog.messages


def test_an_extract_that_changed_since_is_not_published(trained_home: Home) -> None:
    """The extract has changed since it was scored."""
    job = job_for(trained_home, make_customers(80, seed=3))
    staged = score_by_threads(job)
    job.delivery.path.write_bytes(b"another")

    with pytest.raises(ChangedError):
        publish(job, staged, NOW)

    assert trained_home.published() == []


def test_where_nothing_is_published_there_is_no_latest(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """No pointer is written, and nothing is logged."""
    assert trained_home.champion is not None
    scores = trained_home.path / "scores"
    with caplog.at_level("INFO", "churn"):
        point_to_latest(scores, trained_home.champion)

    assert not (scores / latest.LATEST).exists()
    assert caplog.messages == []
