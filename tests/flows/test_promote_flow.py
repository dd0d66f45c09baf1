import json
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import TrainConfig
from tasks.core.bundle.registry import read_history
from tasks.core.errors import (
    BundleError,
    ConfigError,
    RegistryError,
)
from tests.harness.customers import make_customers
from tests.harness.flow_home import QUICK, FlowHome

pytestmark = pytest.mark.xdist_group("promotions")
"""On one worker, which trains what all of them need once."""


@pytest.fixture(scope="module")
def _two(tmp_path_factory: pytest.TempPathFactory, _trained: FlowHome, crm_extract: Path) -> FlowHome:
    home = _trained.copy_to(tmp_path_factory.mktemp("two") / "home")
    values = QUICK.model_dump() | {"fit": QUICK.fit.model_dump() | {"max_epochs": 40, "hidden": [32, 16]}}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHURN_HOME", str(home.path))
        home.train(crm_extract, TrainConfig.model_validate(values))
    return home


@pytest.fixture
def two(_trained: FlowHome, _two: FlowHome, home: FlowHome) -> tuple[FlowHome, str, str]:
    """Make a home with a champion and a previous one."""
    return _two.copy_to(home.path), in_service(_trained), in_service(_two)


@pytest.fixture(scope="module")
def _refused(tmp_path_factory: pytest.TempPathFactory, _trained: FlowHome) -> tuple[FlowHome, str]:
    home = _trained.copy_to(tmp_path_factory.mktemp("refused") / "home")
    shuffled = make_customers(600)
    shuffled["Churn"] = shuffled["Churn"].sample(frac=1, random_state=1).to_numpy()
    extract = home.path.parent / "shuffled.csv"
    shuffled.to_csv(extract, index=False)
    strict = QUICK.model_dump()
    strict["gate"] |= {"min_roc_auc": 0.8, "min_f1": 0.6}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHURN_HOME", str(home.path))
        home.train(extract, TrainConfig.model_validate(strict))
    (bundle,) = {path.name for path in (home.registry / "bundles").iterdir()} - {in_service(_trained)}
    return home, bundle


@pytest.fixture
def with_refused(_refused: tuple[FlowHome, str], home: FlowHome) -> tuple[FlowHome, str]:
    """Make a home with a champion, and a refused bundle trained on shuffled labels."""
    refused, bundle = _refused
    return refused.copy_to(home.path), bundle


def in_service(home: FlowHome) -> str:
    """Name the champion."""
    assert home.champion is not None
    return home.champion.manifest.bundle_id


def test_roll_back_and_forth(two: tuple[FlowHome, str, str]) -> None:
    """Rolling back returns to the champion before, never in a circle, and all is in the history."""
    home, first, second = two

    home.promote(rollback=True)
    assert in_service(home) == first
    with pytest.raises(RegistryError, match="no earlier champion"):
        home.promote(rollback=True)
    home.promote(bundle=second)
    assert in_service(home) == second
    assert [(move.action, move.bundle_id) for move in read_history(home.registry)] == [
        ("promote", first),
        ("promote", second),
        ("roll back", first),
        ("promote", second),
    ]


def test_a_refused_bundle_needs_force(with_refused: tuple[FlowHome, str]) -> None:
    """A bundle that its gate refused is promoted only by force, which the history records."""
    home, refused = with_refused

    with pytest.raises(RegistryError, match=r"refused by its gate \(headline"):
        home.promote(bundle=refused)
    home.promote(bundle=refused, force=True)

    assert in_service(home) == refused
    assert [move.forced for move in read_history(home.registry)] == [False, True]


def test_simulated_never_replaces_real(trained_home: FlowHome, tmp_path: Path) -> None:
    """Not even by force."""
    simulated = make_customers(600)
    simulated["customerID"] = "SIM-" + simulated["customerID"]
    simulated.to_csv(tmp_path / "simulated.csv", index=False)
    before = in_service(trained_home)
    trained_home.train(tmp_path / "simulated.csv")
    (candidate,) = {path.name for path in (trained_home.registry / "bundles").iterdir()} - {before}

    with pytest.raises(RegistryError, match="simulated customers"):
        trained_home.promote(bundle=candidate, force=True)

    assert in_service(trained_home) == before


def test_an_edited_verdict_is_not_believed(with_refused: tuple[FlowHome, str]) -> None:
    """A manifest that says passed where the sealed evaluation says refused is refused."""
    home, refused = with_refused
    manifest = home.registry / "bundles" / refused / "manifest.json"
    text = manifest.read_text().replace('"outcome": "refused"', '"outcome": "passed"')
    manifest.write_text(text.replace('"promotes": false', '"promotes": true'))

    with pytest.raises(BundleError, match="contradicts"):
        home.promote(bundle=refused)


def test_say_which(trained_home: FlowHome) -> None:
    """A bundle and a roll-back exclude each other."""
    with pytest.raises(ConfigError):
        trained_home.promote(bundle="0" * 16, rollback=True)
    with pytest.raises(ConfigError):
        trained_home.promote()


def test_a_roll_back_scores_the_last_extract_again(two: tuple[FlowHome, str, str]) -> None:
    """The previous champion's scores are published, become the latest, and what moved is counted."""
    home, first, second = two
    (home.path / "inbox").mkdir()
    make_customers(300, seed=3).to_csv(home.path / "inbox" / "crm_2026-03-01.csv", index=False)
    home.score()
    before = home.scores().set_index("customerID")
    assert json.loads((home.path / "scores" / "latest.json").read_text())["bundle_id"] == second

    said = str(home.promote(rollback=True, rescore=True).message)

    assert in_service(home) == first
    pointer = json.loads((home.path / "scores" / "latest.json").read_text())
    assert pointer["bundle_id"] == first
    after = pd.read_csv(home.path / "scores" / pointer["folder"] / "scores.csv", dtype="str").set_index(
        "customerID"
    )
    flags = int((before["churn_flag"] != after["churn_flag"]).sum())
    deciles = int((before["decile"] != after["decile"]).sum())
    mean = (before["churn_probability"].astype(float) - after["churn_probability"].astype(float)).abs().mean()
    assert deciles > 0
    assert said.endswith(
        f"Flags changed: {flags} of 300, deciles moved: {deciles}, mean change of probability: {mean:.4f}."
    )
    assert len(home.published()) == 2


def test_an_extract_keeps_its_day_whatever_scores_it(two: tuple[FlowHome, str, str]) -> None:
    """The same bytes delivered under another day, after a promotion, are scored for the first day again."""
    home, first, _ = two
    inbox = home.path / "inbox"
    inbox.mkdir()
    for name in ("crm_2026-03-01.csv", "crm_2026-03-05.csv"):
        make_customers(30, seed=3).to_csv(inbox / name, index=False)
        home.score()
        home.promote(bundle=first)

    assert {folder.name[:10] for folder in home.published()} == {"2026-03-01"}
    assert len(home.published()) == 2
