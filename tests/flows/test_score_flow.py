import json
import os
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flows import cli
from schemas.config import ContactsConfig, ScoreConfig
from schemas.scores import SCORE_COLUMNS
from tasks.core.bundle.onnx_model import BoundRun
from tasks.core.errors import BundleError, ConfigError, ExtractError, PublishError, RegistryError
from tasks.core.jobs import scoring_job
from tasks.core.scores import publish
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome


def by_customer(home: FlowHome) -> "pd.Series[str]":
    """Return the published probability of each customer, as text."""
    scores = home.scores()
    return scores.set_index("customerID")["churn_probability"].sort_index()


def test_an_extract_is_scored(trained_home: FlowHome, crm_extract: Path) -> None:
    """Every customer gets a score by the champion's cut points, in order, and the manifest adds up."""
    trained_home.score(crm_extract)
    scores = trained_home.scores()
    (folder,) = trained_home.published()
    manifest = json.loads((folder / "manifest.json").read_text())
    champion = trained_home.champion
    assert champion is not None
    probability = scores["churn_probability"].astype(float)
    cuts = champion.cut_points

    identity = (manifest["extract"]["extract_id"], champion.manifest.bundle_id, manifest["inputs_id"])
    assert folder.name == "-".join(("2026-03-01", *identity))
    assert list(scores) == list(SCORE_COLUMNS)
    assert list(scores["customerID"]) == list(make_customers(600)["customerID"])
    assert scores["churn_probability"].str.fullmatch(r"0\.\d{6}").all()
    assert list(scores["churn_flag"]) == list(np.where(probability >= cuts.threshold, "1", "0"))
    assert (scores.loc[probability >= cuts.deciles[0], "decile"] == "1").all()
    assert (scores.loc[probability < cuts.deciles[-1], "decile"] == "10").all()
    assert (scores.loc[probability >= cuts.high, "risk_band"] == "high").all()
    assert set(scores["model_version"]) == {champion.manifest.bundle_id}
    assert manifest["scored"] == 600
    assert manifest["flagged"] == (scores["churn_flag"] == "1").sum()
    assert manifest["extract"]["counts"]["received"] == 600


def test_scoring_again_changes_nothing(trained_home: FlowHome, crm_extract: Path) -> None:
    """A second run of the same extract by the same champion publishes nothing new."""
    trained_home.score(crm_extract)
    before = {path: path.read_bytes() for path in trained_home.published()[0].iterdir()}

    trained_home.score(crm_extract, as_of=date(2026, 2, 1))

    assert {path: path.read_bytes() for path in trained_home.published()[0].iterdir()} == before


def test_scores_are_reproducible(trained_home: FlowHome, crm_extract: Path, tmp_path: Path) -> None:
    """Deleting scores and scoring again gives the same bytes."""
    trained_home.score(crm_extract)
    (folder,) = trained_home.published()
    before = (folder / "scores.csv").read_bytes()
    folder.rename(tmp_path / "away")
    trained_home.score(crm_extract)

    assert (folder / "scores.csv").read_bytes() == before


@pytest.mark.parametrize("change", ["rows", "columns", "outcome", "extra"])
def test_what_must_not_change_a_score(
    trained_home: FlowHome, crm_extract: Path, change: str, tmp_path: Path
) -> None:
    """The order of rows and columns, outcomes and extra columns change no customer's score."""
    trained_home.score(crm_extract)
    expected = by_customer(trained_home)
    table = pd.read_csv(crm_extract, dtype="str", keep_default_na=False)
    if change == "rows":
        table = table.sample(frac=1, random_state=3)
    elif change == "columns":
        table = table[table.columns[::-1]]
    elif change == "outcome":
        table = table.assign(Churn="Yes")
    else:
        table["Churn Score"] = "99"
    table.to_csv(tmp_path / "changed_2026-03-02.csv", index=False)
    trained_home.published()[0].rename(tmp_path / "away")

    trained_home.score(tmp_path / "changed_2026-03-02.csv")

    pd.testing.assert_series_equal(by_customer(trained_home), expected)


def test_quarantine_is_published_beside_the_scores(trained_home: FlowHome, tmp_path: Path) -> None:
    """Bad rows are listed by line and reason, without their values, and the others are scored."""
    table = make_customers(600).astype({"MonthlyCharges": "str"})
    table.loc[4, "MonthlyCharges"] = "12,50"
    table.to_csv(tmp_path / "some_bad.csv", index=False)

    trained_home.score(tmp_path / "some_bad.csv")

    (folder,) = trained_home.published()
    quarantine = (folder / "quarantine.csv").read_text().splitlines()
    assert quarantine[0] == "line,column,reason,hint"
    assert quarantine[1].startswith("6,MonthlyCharges,decimal_comma,")
    assert len(quarantine) == 2
    assert len(trained_home.scores()) == 599


def test_the_inbox_is_drained(trained_home: FlowHome, crm_extract: Path) -> None:
    """Good extracts are scored and archived, a bad one is rejected with its reason, and the code is 20."""
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    (inbox / "a_2026-03-01.csv").write_bytes(crm_extract.read_bytes())
    (inbox / "b_2026-03-02.csv").write_text("not,an\nextract,\n")
    make_customers(80, seed=2).to_csv(inbox / "c_2026-03-03.csv", index=False)
    (inbox / ".on-its-way.csv").write_text("half")

    with pytest.raises(ExtractError, match="Extracts scored: 2, rejected: 1"):
        trained_home.score()

    assert len(trained_home.published()) == 2
    assert len(list((trained_home.path / "archive").iterdir())) == 2
    assert {path.name for path in inbox.iterdir()} == {".inbox", ".on-its-way.csv"}
    (rejected,) = (trained_home.path / "rejected").iterdir()
    assert "has no header" in (rejected / "reason.txt").read_text()
    assert (rejected / "extract").read_text() == "not,an\nextract,\n"


def test_what_is_no_file_is_rejected_and_the_rest_is_scored(
    trained_home: FlowHome, crm_extract: Path
) -> None:
    """A folder, a dangling link and a pipe in the inbox stop nobody, are never followed, and hang nothing."""
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    (inbox / "a_folder").mkdir()
    (inbox / "b_link.csv").symlink_to(crm_extract)
    (inbox / "c_dangling.csv").symlink_to("nowhere")
    os.mkfifo(inbox / "d_pipe.csv")
    (inbox / "e_2026-03-01.csv").write_bytes(crm_extract.read_bytes())

    with pytest.raises(ExtractError, match=r"Extracts scored: 1, rejected: 4.*plain file"):
        trained_home.score()

    assert len(trained_home.published()) == 1
    assert [path.name for path in inbox.iterdir()] == [".inbox"]
    assert len(list((trained_home.path / "rejected").iterdir())) == 4


def test_a_delivery_over_a_name_being_scored_is_not_lost(
    trained_home: FlowHome, crm_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery under the same name during publication waits for the next run."""
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    (inbox / "crm_2026-03-01.csv").write_bytes(crm_extract.read_bytes())
    exact = scoring_job.publish_folder

    def deliver_meanwhile(*args: Any) -> Path:
        make_customers(80, seed=2).to_csv(inbox / "crm_2026-03-01.csv", index=False)
        return exact(*args)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(scoring_job, "publish_folder", deliver_meanwhile)
        trained_home.score()
    assert len(trained_home.published()) == 1
    assert len(list(inbox.glob("[!.]*"))) == 1
    trained_home.score()

    assert len(trained_home.published()) == 2
    assert len(list((trained_home.path / "archive").iterdir())) == 2


def test_a_mismatch_of_origin_does_not_stop_the_queue(
    home: FlowHome, tmp_path: Path, crm_extract: Path
) -> None:
    """Under a simulated champion real customers wait in work/, which no rejected extract hides."""
    simulated = make_customers(600)
    simulated["customerID"] = "SIM-" + simulated["customerID"]
    simulated.to_csv(tmp_path / "simulated.csv", index=False)
    home.train(tmp_path / "simulated.csv")
    (home.path / "inbox").mkdir()
    (home.path / "inbox" / "a_2026-03-01.csv").write_bytes(crm_extract.read_bytes())
    simulated.head(80).to_csv(home.path / "inbox" / "b_2026-03-01.csv", index=False)
    (home.path / "inbox" / "c_2026-03-01.csv").touch()

    with pytest.raises(BundleError, match="--force"):
        home.score()

    assert len(home.published()) == 1
    assert len(list((home.path / "rejected").iterdir())) == 1
    assert [path.name for path in (home.path / "work").glob("[!.]*")] == ["a_2026-03-01.csv"]


def test_damaged_scores_are_not_taken_for_done(
    trained_home: FlowHome, crm_extract: Path, tmp_path: Path
) -> None:
    """Scores changed after publication are reported, and published again once moved away."""
    trained_home.score(crm_extract)
    (folder,) = trained_home.published()
    whole = (folder / "scores.csv").read_bytes()
    (folder / "scores.csv").write_bytes(whole[:500])

    with pytest.raises(PublishError, match="have changed since they were published"):
        trained_home.score(crm_extract)
    folder.rename(tmp_path / "away")
    trained_home.score(crm_extract)

    assert (folder / "scores.csv").read_bytes() == whole


def test_a_redelivered_extract_is_archived_and_not_scored_again(
    trained_home: FlowHome, crm_extract: Path
) -> None:
    """The same bytes under another name are recognised by their hash."""
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    trained_home.score(crm_extract)
    (inbox / "again_2026-03-09.csv").write_bytes(crm_extract.read_bytes())

    trained_home.score()

    assert len(trained_home.published()) == 1
    assert [path.name for path in inbox.iterdir()] == [".inbox"]


def test_a_given_extract_stays_where_it_is(trained_home: FlowHome, tmp_path: Path) -> None:
    """A refused extract that was given by its path is not moved; its reason and bad rows are kept."""
    path = tmp_path / "bad.csv"
    make_customers(100).assign(Contract="Weekly").head(100).to_csv(path, index=False)

    with pytest.raises(ExtractError, match="uses unknown values"):
        trained_home.score(path)

    assert path.is_file()
    assert (next((trained_home.path / "rejected").iterdir()) / "reason.txt").is_file()
    assert trained_home.published() == []


def test_nothing_to_score_with_or_from(trained_home: FlowHome, crm_extract: Path, tmp_path: Path) -> None:
    """Without a champion, an inbox or the given file the run says so, and who must act."""
    with pytest.raises(ConfigError, match="there is no inbox"):
        trained_home.score()
    with pytest.raises(ConfigError, match="cannot be read"):
        trained_home.score(tmp_path / "nothing.csv")
    (trained_home.registry / "champion.json").unlink()
    with pytest.raises(RegistryError, match="no champion"):
        trained_home.score(crm_extract)


def test_every_flipped_byte_of_the_bundle_stops_the_night(trained_home: FlowHome, crm_extract: Path) -> None:
    """A flipped bit anywhere in the bundle, the manifest included, is found before anything is loaded."""
    champion = trained_home.champion
    assert champion is not None
    folder = trained_home.registry / "bundles" / champion.manifest.bundle_id
    rng = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for position in {0, len(whole) - 1, *rng.integers(len(whole), size=5).tolist()}:
            flipped = bytearray(whole)
            flipped[position] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)

            with pytest.raises(BundleError) as error:
                trained_home.score(crm_extract)

            assert error.value.exit_code == 30
            assert trained_home.published() == []
        path.write_bytes(whole)
    trained_home.score(crm_extract)
    assert len(trained_home.published()) == 1


@pytest.mark.parametrize("damage", ["unlisted", "missing", "link", "folder"])
def test_a_bundle_with_other_files_stops_the_night(
    trained_home: FlowHome, crm_extract: Path, damage: str
) -> None:
    """A file more, a file less or a link in the bundle is refused."""
    champion = trained_home.champion
    assert champion is not None
    folder = trained_home.registry / "bundles" / champion.manifest.bundle_id
    model = folder / "model.onnx"
    if damage == "unlisted":
        (folder / "model.onnx.data").write_bytes(b"x")
    elif damage == "missing":
        (folder / "model.pt").unlink()
    else:
        model.rename(folder.parent / "elsewhere")
        if damage == "link":
            model.symlink_to(folder.parent / "elsewhere")
        else:
            model.mkdir()

    with pytest.raises(BundleError):
        trained_home.score(crm_extract)

    assert trained_home.published() == []


@pytest.mark.parametrize(
    ("text", "age_hours", "code", "said"),
    [
        (None, 0, 10, "contacts.objections: '{}' cannot be read: No such file or directory."),
        (
            "customerID,objected_on,scope\n",
            60,
            10,
            "contacts.objections: '{}' is 60 hours old; the limit is 48",
        ),
        ("customerID,since\n", 0, 20, "contacts.objections: the first line is not a header"),
        ("customerID,objected_on,scope\n,2026-01-01,all\n", 0, 20, "contacts.objections: 1 of 1 rows break"),
    ],
)
def test_without_the_objections_nobody_is_scored(
    trained_home: FlowHome,
    crm_extract: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    age_hours: int,
    code: int,
    said: str,
) -> None:
    """The run ends in one line, with the code of who must act; the extract waits in the inbox."""
    path = tmp_path / "objections.csv"
    if text is not None:
        path.write_text(text)
        changed = time.time() - 3_600 * age_hours
        os.utime(path, (changed, changed))
    inbox = trained_home.path / "inbox"
    inbox.mkdir()
    shutil.copy(crm_extract, inbox)
    config = ScoreConfig(settle_seconds=0, contacts=ContactsConfig(objections=path))

    with pytest.raises(SystemExit) as ended:
        cli.run(lambda: trained_home.score(config=config))

    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert ended.value.code == code
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {said.format(path)}")
    assert trained_home.published() == []
    assert [each.name for each in inbox.iterdir()] == [crm_extract.name]
    assert not (trained_home.path / "contacts").exists()


def test_a_simulated_champion_needs_force_for_real_customers(
    home: FlowHome, tmp_path: Path, crm_extract: Path
) -> None:
    """A model of simulated customers scores real ones only with --force, and the manifest says so."""
    simulated = make_customers(600)
    simulated["customerID"] = "SIM-" + simulated["customerID"]
    simulated.to_csv(tmp_path / "simulated.csv", index=False)
    home.train(tmp_path / "simulated.csv")

    with pytest.raises(BundleError, match="--force"):
        home.score(crm_extract)
    home.score(crm_extract, force=True)

    manifest = json.loads((home.published()[0] / "manifest.json").read_text())
    assert manifest["forced"]
    assert manifest["bundle_simulated"]


def test_a_model_that_gives_no_probability_publishes_nothing(
    trained_home: FlowHome, crm_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One NaN among the scores stops the extract."""

    def broken(run: BoundRun) -> None:
        run.probability[:] = 0.5
        run.probability[0] = np.nan

    monkeypatch.setattr("tasks.core.bundle.scorer.Scorer.self_test", lambda *_: None)
    monkeypatch.setattr(BoundRun, "run", broken)

    with pytest.raises(BundleError, match="1 of 600 customers"):
        trained_home.score(crm_extract)

    assert trained_home.published() == []


def test_a_full_disk_publishes_nothing(
    trained_home: FlowHome, crm_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk does not accept the files nothing is visible, and the next run publishes."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publish, "reveal", full)
        with pytest.raises(PublishError, match="No space left"):
            trained_home.score(crm_extract)
    assert trained_home.published() == []

    trained_home.score(crm_extract)
    assert len(trained_home.published()) == 1
    assert not list((trained_home.path / "scores").glob(".stage-*"))


@pytest.mark.real
def test_the_windows_twin_gives_the_same_scores(
    trained_home: FlowHome, real_extract: Path, tmp_path: Path
) -> None:
    """The reference and its Windows twin are scored alike, customer by customer; so is it shuffled."""
    table = pd.read_csv(real_extract, dtype="str", keep_default_na=False)
    shuffled = tmp_path / "shuffled.csv"
    table.sample(frac=1, random_state=5)[table.columns[::-1]].to_csv(shuffled, index=False)
    found = []
    for path in (real_extract, real_extract.with_name("telco_churn_bom_crlf.csv"), shuffled):
        trained_home.score(path, as_of=date(2026, 1, 1))
        found.append(by_customer(trained_home))
        trained_home.published()[0].rename(tmp_path / f"away-{len(found)}")

    assert len(found[0]) == 7_043
    pd.testing.assert_series_equal(found[0], found[1])
    pd.testing.assert_series_equal(found[0], found[2])
