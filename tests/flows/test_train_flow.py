import json
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import TrainConfig
from schemas.horizon import Horizon
from schemas.manifest import BundleManifest
from tasks.core.bundle.registry import read_history
from tasks.core.errors import ConfigError, ExtractError, RegistryError
from tasks.core.report.sentences import number, sentence
from tasks.core.settings import load_config
from tasks.core.training.data.split import uniform
from tests.harness.customers import make_customers
from tests.harness.flow_home import QUICK, FlowHome

MODEL_FILES = ("model.onnx", "preprocessing.json", "cut_points.json", "examples.json", "model.pt")


ASSUMED = Horizon(days=30, source="assumed")
MONTH = Horizon(days=30, source="declared")


def settings(**groups: dict[str, object]) -> TrainConfig:
    """Return the quick settings with some changes."""
    values = QUICK.model_dump()
    for group, change in groups.items():
        values[group] |= change
    return TrainConfig.model_validate(values)


def only_bundle(home: FlowHome) -> Path:
    """Find the one bundle of the registry."""
    (folder,) = (home.registry / "bundles").iterdir()
    return folder


def test_a_first_training_promotes_a_champion(trained_home: FlowHome) -> None:
    """The champion verifies, lists every file, and records its training data and skipped checks."""
    champion = trained_home.champion

    assert champion is not None
    assert set(champion.manifest.files) == {*MODEL_FILES, "evaluation.json", "report.html", "model_card.md"}
    assert not champion.manifest.simulated
    assert champion.manifest.extract.counts.accepted == 600
    assert champion.manifest.gate.switched_off == ("baseline",)


def test_nobody_else_may_read_what_is_written(home: FlowHome, crm_extract: Path) -> None:
    """Files are 0600 and folders 0700, whatever wrote them."""
    home.train(crm_extract)
    home.score(crm_extract)

    assert {file.stat().st_mode & 0o077 for file in home.path.rglob("*")} == {0}


def test_same_extract_config_and_seeds_give_the_same_bytes(
    trained_home: FlowHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crm_extract: Path
) -> None:
    """A training in another home ends with the same bundle, byte by byte but for the manifest's clock."""
    first = only_bundle(trained_home)
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "other"))
    other = FlowHome(tmp_path / "other")
    other.train(crm_extract)
    second = only_bundle(other)

    assert first.name == second.name
    for name in (*MODEL_FILES, "evaluation.json", "report.html", "model_card.md"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_training_again_changes_nothing(trained_home: FlowHome, crm_extract: Path) -> None:
    """The same model is not promoted over itself; leftovers of a killed promotion are swept anyway."""
    leftover = trained_home.registry / ".stage-history.jsonl-99999"
    leftover.write_bytes(b"half")
    before = (trained_home.registry / "champion.json").read_bytes()

    state = trained_home.train(crm_extract)

    assert "the same model" in str(state.message)
    assert not leftover.exists()
    assert (trained_home.registry / "champion.json").read_bytes() == before


def test_a_better_candidate_replaces_the_champion(trained_home: FlowHome, crm_extract: Path) -> None:
    """The champion is compared on customers unseen by it, and its place in the history is kept."""
    before = trained_home.champion
    assert before is not None
    trained_home.train(crm_extract, settings(fit={"max_epochs": 40, "hidden": [32, 16]}))
    after = trained_home.champion

    assert after is not None
    assert after.manifest.bundle_id != before.manifest.bundle_id
    report = after.evaluation.champion
    assert report is not None
    assert report.bundle_id == before.manifest.bundle_id
    assert 0 < report.difference.customers <= after.evaluation.training.holdout_customers
    assert [move.bundle_id for move in read_history(trained_home.registry)] == [
        before.manifest.bundle_id,
        after.manifest.bundle_id,
    ]


def test_shuffled_labels_are_refused(trained_home: FlowHome, tmp_path: Path) -> None:
    """A useless candidate is sealed and refused, which is not an error."""
    champion = trained_home.champion
    shuffled = make_customers(600)
    shuffled["Churn"] = shuffled["Churn"].sample(frac=1, random_state=1).to_numpy()
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)

    state = trained_home.train(tmp_path / "shuffled.csv", settings(gate={"min_roc_auc": 0.8, "min_f1": 0.6}))

    assert state.name == "Refused"
    assert state.is_completed()
    assert trained_home.champion == champion
    assert len(list((trained_home.registry / "bundles").iterdir())) == 2


def test_dry_run_promotes_nothing(home: FlowHome, crm_extract: Path) -> None:
    """A dry run judges and seals a candidate that an operator may promote by hand."""
    home.train(crm_extract, dry_run=True)

    assert home.champion is None
    home.promote(bundle=only_bundle(home).name)
    assert home.champion is not None


def test_the_horizon_is_sealed_as_it_was_given(trained_home: FlowHome) -> None:
    """Nothing was declared, so the manifest and the evaluation say that the horizon is assumed."""
    champion = trained_home.champion

    assert champion is not None
    assert champion.manifest.horizon == ASSUMED
    assert champion.evaluation.horizon == ASSUMED


def test_declaring_the_horizon_puts_the_same_model_into_service(
    trained_home: FlowHome, crm_extract: Path
) -> None:
    """The champion then has the declaration, and keeps it when the next training declares nothing."""
    trained_home.train(crm_extract, settings(outcome={"horizon_days": 30}))
    declared = trained_home.champion

    state = trained_home.train(crm_extract)

    assert declared is not None
    assert declared.manifest.horizon == MONTH
    assert declared.evaluation.champion is not None
    assert declared.evaluation.champion.same_model
    assert declared.evaluation.champion.horizon == ASSUMED
    assert "the same model" in str(state.message)
    assert trained_home.champion == declared


def test_a_dry_run_that_declares_the_horizon_says_how_to_promote_it(
    trained_home: FlowHome, crm_extract: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Although its model is the champion's."""
    with caplog.at_level("INFO", "churn"):
        trained_home.train(crm_extract, settings(outcome={"horizon_days": 30}), dry_run=True)

    assert "Next: python flows/promote_flow.py --bundle" in caplog.text


def test_another_declared_horizon_is_refused_until_the_operator_decides(
    trained_home: FlowHome, crm_extract: Path
) -> None:
    """It is not compared with the champion; with the check switched off it enters service."""
    trained_home.train(crm_extract, settings(outcome={"horizon_days": 30}))
    champion = trained_home.champion
    other = {"outcome": {"horizon_days": 60}}

    state = trained_home.train(crm_extract, settings(**other))

    assert state.name == "Refused"
    assert trained_home.champion == champion
    trained_home.train(crm_extract, settings(**other, gate={"switched_off": ["baseline", "horizon"]}))
    after = trained_home.champion
    assert after is not None
    assert after.manifest.horizon == Horizon(days=60, source="declared")
    assert after.evaluation.champion is None


def test_one_class_is_the_senders_fault(trained_home: FlowHome, tmp_path: Path) -> None:
    """An extract in which nobody left is refused, and the champion stays."""
    champion = trained_home.champion
    make_customers(600).assign(Churn="No").to_csv(tmp_path / "loyal.csv", index=False)

    with pytest.raises(ExtractError, match="one class"):
        trained_home.train(tmp_path / "loyal.csv")

    assert trained_home.champion == champion


@pytest.mark.parametrize("damage", ["pointer", "bundle", "gone"])
def test_an_unreadable_champion_stops_the_training(
    trained_home: FlowHome, crm_extract: Path, damage: str
) -> None:
    """Where a champion cannot be verified nothing is compared with it and nothing replaces it."""
    folder = only_bundle(trained_home)
    if damage == "pointer":
        (trained_home.registry / "champion.json").write_text("{}")
    elif damage == "bundle":
        (folder / "model.onnx").write_bytes(b"not a model")
    else:
        folder.rename(folder.with_name("0" * 16))
    before = sorted(path.name for path in trained_home.registry.rglob("*"))

    with pytest.raises(RegistryError):
        trained_home.train(crm_extract)

    assert sorted(path.name for path in trained_home.registry.rglob("*")) == before


def test_simulated_never_replaces_real(trained_home: FlowHome, tmp_path: Path) -> None:
    """A simulated candidate is not compared with a real champion, and refused."""
    champion = trained_home.champion
    simulated = make_customers(600)
    simulated["customerID"] = "SIM-" + simulated["customerID"]
    simulated.to_csv(tmp_path / "simulated.csv", index=False)

    state = trained_home.train(tmp_path / "simulated.csv")

    assert state.name == "Refused"
    assert trained_home.champion == champion
    manifests = [
        BundleManifest.model_validate_json((folder / "manifest.json").read_bytes())
        for folder in (trained_home.registry / "bundles").iterdir()
    ]
    assert sorted(manifest.simulated for manifest in manifests) == [False, True]


def test_a_holdout_row_changes_no_byte_that_was_learnt(
    trained_home: FlowHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crm_extract: Path
) -> None:
    """Nothing of the holdout leaks: changing its rows leaves spec, weights and cuts as they were."""
    champion = trained_home.champion
    assert champion is not None
    table = pd.read_csv(crm_extract, dtype="str", keep_default_na=False)
    held_out = uniform(table["customerID"], 0) >= champion.manifest.split.unseen_from
    table.loc[held_out, "Contract"] = "Two year"
    table.loc[held_out, "gender"] = "Male"
    table.to_csv(tmp_path / "changed.csv", index=False)
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "other"))
    other = FlowHome(tmp_path / "other")
    other.train(tmp_path / "changed.csv")

    assert held_out.sum() > 50
    for name in MODEL_FILES:
        assert (only_bundle(other) / name).read_bytes() == (only_bundle(trained_home) / name).read_bytes()


def test_an_interrupted_run_goes_on(
    home: FlowHome, crm_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run stopped after its training is resumed by its id and ends as if uninterrupted."""
    with monkeypatch.context() as broken:
        broken.setattr("tasks.core.training.export.staging.export", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.train(crm_extract, settings(outcome={"horizon_days": 60}))
    (run,) = (home.path / "runs").iterdir()

    home.train(None, resume=run.name)

    assert home.champion is not None
    assert home.champion.manifest.horizon == Horizon(days=60, source="declared")
    assert home.champion.manifest.extract.counts.accepted == 600
    assert json.loads((run / "run.json").read_text())["extract"] == str(crm_extract)


def test_resuming_an_unknown_run(home: FlowHome) -> None:
    """A run id that does not exist is the operator's to fix."""
    with pytest.raises(ConfigError, match="there is no such run"):
        home.train(None, resume="20260101T000000-1")


def test_a_search_trains_with_what_it_found(
    home: FlowHome, crm_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle has the values of the best trial, which also stand in a file that --config takes."""
    given = settings(fit={"hidden": [8, 8]}, outcome={"horizon_days": 60})
    with monkeypatch.context() as broken:
        broken.setattr("tasks.core.training.export.staging.export", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.train(crm_extract, given, search=2)
    (run,) = (home.path / "runs").iterdir()
    found = load_config(TrainConfig, run / "best_config.yaml", [])
    home.train(None, resume=run.name)
    champion = home.champion

    assert champion is not None
    assert champion.manifest.config.fit == found.fit
    assert champion.manifest.config.encoding == found.encoding
    assert champion.manifest.config.outcome == found.outcome
    assert champion.manifest.horizon == Horizon(days=60, source="declared")
    assert len(list((run / "tensorboard" / "search").iterdir())) == 2


def test_what_protected_attributes_are_worth_is_measured(trained_home: FlowHome) -> None:
    """The evaluation, the report and the card say what leaving them out would cost."""
    champion, folder = trained_home.champion, only_bundle(trained_home)
    assert champion is not None
    cost = champion.evaluation.protected
    assert cost is not None
    assert cost.difference.customers == champion.evaluation.training.holdout_customers

    said = sentence("protected", e=champion.evaluation)
    assert number(cost.difference.roc_auc, 4) in said
    assert said in (folder / "model_card.md").read_text()
    assert said in (folder / "report.html").read_text()


def test_a_model_without_protected_attributes_says_so(home: FlowHome, crm_extract: Path) -> None:
    """Nothing is fitted twice, and the card says that they are no inputs."""
    home.train(crm_extract, settings(encoding={"protected_attributes": False}))
    (run,) = (home.path / "runs").iterdir()

    assert home.champion is not None
    assert home.champion.evaluation.protected is None
    assert not (run / "without_protected").exists()
    assert "Protected attributes as inputs: no;" in (only_bundle(home) / "model_card.md").read_text()
