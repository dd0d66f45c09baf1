import errno
import json
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest

from schemas.config import TrainConfig
from tasks.core import promotion
from tasks.core.errors import (
    BundleError,
    ChurnError,
    ConfigError,
    ExtractError,
    PublishError,
    RegistryError,
)
from tasks.core.registry import read_history
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
    """Make a home with a champion and the one before it."""
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
    """Make a home with a champion, and a bundle that learnt from shuffled labels and was refused."""
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


def test_a_lost_line_of_history_is_found_again(two: tuple[FlowHome, str, str]) -> None:
    """A kill between pointer and history loses nothing: the pointer is the last move."""
    home, first, second = two
    history = home.registry / "history.jsonl"
    history.write_bytes(b"".join(history.read_bytes().splitlines(keepends=True)[:-1]))

    home.promote(rollback=True)

    assert [move.bundle_id for move in read_history(home.registry)] == [first, second, first]


def test_damaged_bundles_are_not_promoted(two: tuple[FlowHome, str, str]) -> None:
    """What does not verify is promoted neither forwards nor back, nor by force."""
    home, first, second = two
    (home.registry / "bundles" / first / "model.onnx").write_bytes(b"")

    for options in ({"bundle": first}, {"bundle": first, "force": True}, {"rollback": True}):
        with pytest.raises(BundleError):
            home.promote(**options)

    assert in_service(home) == second


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


@pytest.mark.parametrize("bundle", ["0" * 16, "", "../bundles", "."])
def test_unknown_bundles(trained_home: FlowHome, bundle: str) -> None:
    """An id that is none leads nowhere."""
    with pytest.raises(RegistryError, match="there is no such bundle"):
        trained_home.promote(bundle=bundle)


def test_a_refused_bundle_stays_refused_when_rolled_back_to(with_refused: tuple[FlowHome, str]) -> None:
    """Rolling back to a bundle that was only forced into service needs force again."""
    home, refused = with_refused
    first = in_service(home)
    home.promote(bundle=refused, force=True)
    home.promote(bundle=first)

    with pytest.raises(RegistryError, match="refused by its gate"):
        home.promote(rollback=True)
    home.promote(rollback=True, force=True)

    assert in_service(home) == refused


def test_an_edited_verdict_is_not_believed(with_refused: tuple[FlowHome, str]) -> None:
    """A manifest that says passed where the sealed evaluation says refused is refused."""
    home, refused = with_refused
    manifest = home.registry / "bundles" / refused / "manifest.json"
    text = manifest.read_text().replace('"outcome": "refused"', '"outcome": "passed"')
    manifest.write_text(text.replace('"promotes": false', '"promotes": true'))

    with pytest.raises(BundleError, match="says otherwise"):
        home.promote(bundle=refused)


def test_an_edited_manifest_is_not_rolled_back_to(two: tuple[FlowHome, str, str]) -> None:
    """The manifest that was in service is remembered; another is refused."""
    home, first, _ = two
    manifest = home.registry / "bundles" / first / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"training_seconds": ', b'"training_seconds": 1'))

    with pytest.raises(BundleError, match="not the one that was promoted"):
        home.promote(rollback=True)


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


@pytest.mark.parametrize(
    ("cause", "raised", "said"),
    [
        (PublishError("the disk is full."), PublishError, "the disk is full."),
        (OSError(errno.ENOSPC, "No space left on device"), PublishError, "No space left on device. Mend it"),
        (ExtractError("extract 'x' is bad."), ExtractError, "extract 'x' is bad."),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_roll_back_that_was_not_scored_says_so_and_is_finished(
    two: tuple[FlowHome, str, str],
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    raised: type[ChurnError],
    said: str,
    force: bool,
) -> None:
    """The one line says what is in service; the command it names scores again and rolls back no further."""
    home, first, second = two
    (home.path / "inbox").mkdir()
    make_customers(30, seed=3).to_csv(home.path / "inbox" / "crm_2026-03-01.csv", index=False)
    home.score()

    with monkeypatch.context() as broken:
        broken.setattr(promotion, "publish", Mock(side_effect=cause))
        with pytest.raises(raised) as error:
            home.promote(rollback=True, rescore=True, force=force)
    message = str(error.value)
    assert message.startswith(f"In service: {first} (before: {second}). Not rescored: ")
    assert said in message
    assert f" Finish with `--bundle {first} --rescore{' --force' if force else ''}`, not with " in message

    finished = str(home.promote(bundle=first, rescore=True, force=force).message)

    assert finished.startswith(f"In service: {first} (before: {second}). Flags changed: ")
    assert in_service(home) == first
    assert [move.bundle_id for move in read_history(home.registry)] == [first, second, first]
    assert json.loads((home.path / "scores" / "latest.json").read_text())["bundle_id"] == first


def test_a_bug_after_a_roll_back_keeps_its_traceback(
    two: tuple[FlowHome, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in service stands below the traceback."""
    home, first, _ = two
    (home.path / "inbox").mkdir()
    make_customers(30, seed=3).to_csv(home.path / "inbox" / "crm_2026-03-01.csv", index=False)
    home.score()
    monkeypatch.setattr(promotion, "publish", Mock(side_effect=ZeroDivisionError))

    with pytest.raises(ZeroDivisionError) as error:
        home.promote(rollback=True, rescore=True)

    (note,) = error.value.__notes__
    assert note.startswith(f"In service: {first}")
    assert f"--bundle {first} --rescore" in note


def test_without_the_latest_scores_nothing_is_moved(two: tuple[FlowHome, str, str]) -> None:
    """Scores that were moved away, or changed, are said before the pointer moves."""
    home, _, second = two
    (home.path / "inbox").mkdir()
    make_customers(30, seed=3).to_csv(home.path / "inbox" / "crm_2026-03-01.csv", index=False)
    home.score()
    (folder,) = home.published()
    for spoil in (
        lambda: (folder / "scores.csv").write_bytes(b""),
        lambda: folder.rename(home.path / "elsewhere"),
    ):
        spoil()
        with pytest.raises(ConfigError, match=r"not there as they were published.*Nothing was moved"):
            home.promote(rollback=True, rescore=True)

    assert in_service(home) == second


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


def test_without_an_archived_extract_nothing_is_moved(two: tuple[FlowHome, str, str]) -> None:
    """What cannot be scored again is said before the pointer moves."""
    home, _, second = two

    with pytest.raises(ConfigError, match=r"cannot be scored again\. Nothing was moved"):
        home.promote(rollback=True, rescore=True)

    assert in_service(home) == second
