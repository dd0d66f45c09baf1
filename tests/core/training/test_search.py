import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from schemas.config import TrainConfig
from tasks.core.errors import ConfigError
from tasks.core.training import search as searching
from tasks.core.training.data.split import Split
from tasks.core.training.search import STUDY, TrialLog, search_settings

CONFIG = TrainConfig.model_validate({"fit": {"hidden": [8, 8], "max_epochs": 3, "batch_size": 512}})
TRIALS = 6


class Killed(BaseException):
    """Simulates a killed process."""


def _ignore(_log: TrialLog) -> None:
    pass


def _trials(folder: Path) -> list[tuple[Any, ...]]:
    """Read the finished trials of the one study of a folder."""
    storage = f"sqlite:///{folder / STUDY}"
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).trials
    return [(t.state.name, t.params, t.value) for t in trials if t.state.name in ("COMPLETE", "PRUNED")]


@pytest.fixture(scope="module", autouse=True)
def _eager() -> Iterator[None]:
    """Make TPE and the pruner active in a few short trials."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(searching, "RANDOM_TRIALS", 3)
        monkeypatch.setattr(searching, "SPARED_TRIALS", 2)
        monkeypatch.setattr(searching, "SPARED_EPOCHS", 0)
        yield


@pytest.fixture(scope="module")
def searched(encoded: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainConfig, list[Any]]:
    """Search without interruption: the configuration found, and the trials."""
    folder = tmp_path_factory.mktemp("search")
    found = search_settings(encoded.parts, CONFIG, trials=TRIALS, folder=folder, on_trial=_ignore)
    return found, _trials(folder)


def test_the_best_completed_trial_is_found(searched: tuple[TrainConfig, list[Any]]) -> None:
    """As many trials as requested, the configuration's own first; some pruned; the best one's values."""
    found, trials = searched
    completed = [trial for trial in trials if trial[0] == "COMPLETE"]
    best = max(completed, key=lambda trial: trial[2])[1]

    assert len(trials) == TRIALS
    assert 0 < len(completed) < TRIALS
    assert (trials[0][1]["neurons_1"], trials[0][1]["dropout"]) == (8, 0.5)
    assert found.fit.learning_rate == best["learning_rate"]
    assert found.fit.hidden == tuple(best[f"neurons_{i + 1}"] for i in range(best["depth"]))
    assert found.encoding.bins == best["bins"]
    assert found.fit.max_epochs == CONFIG.fit.max_epochs
    assert TrainConfig.model_validate(found.model_dump()) == found


@pytest.mark.parametrize("when", ["in an epoch", "before it is written down"])
def test_killed_at_a_random_trial_it_goes_on(
    encoded: Any,
    searched: tuple[TrainConfig, list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """Resumed, the search has the trials of an uninterrupted one: parameters, values and result."""
    fatal = random.Random(when).randint(1, TRIALS)  # noqa: S311 a trial, not a secret
    judge, begun = searching._judge, []

    def die_within(*args: Any) -> float:
        begun.append(args)
        if len(begun) == fatal:
            args[0].report(0.9, 1)
            raise Killed
        return judge(*args)

    def die_after(log: TrialLog) -> None:
        if log.number == fatal:
            raise Killed

    with monkeypatch.context() as deadly:
        if when == "in an epoch":
            deadly.setattr(searching, "_judge", die_within)
        with pytest.raises(Killed):
            search_settings(encoded.parts, CONFIG, trials=TRIALS, folder=tmp_path, on_trial=die_after)
    seen: list[int] = []
    found = search_settings(
        encoded.parts, CONFIG, trials=TRIALS, folder=tmp_path, on_trial=lambda log: seen.append(log.number)
    )

    assert seen == list(range(fatal, TRIALS + 1))
    assert _trials(tmp_path) == searched[1]
    assert found == searched[0]


def test_more_trials_go_on_from_fewer(
    encoded: Any, searched: tuple[TrainConfig, list[Any]], tmp_path: Path
) -> None:
    """A finished search is not repeated; a longer one begins with its trials."""
    for trials in (2, 2, 3):
        search_settings(encoded.parts, CONFIG, trials=trials, folder=tmp_path, on_trial=_ignore)

    assert _trials(tmp_path) == searched[1][:3]


def test_the_holdout_is_not_touched(encoded: Any, tmp_path: Path) -> None:
    """A search does not need a single row of the holdout."""
    parts = encoded.parts
    blind = Split(
        training=parts.training,
        validation=parts.validation,
        holdout=parts.holdout.head(0)[["customerID"]],
        cuts=parts.cuts,
    )
    (first, second) = (
        search_settings(each, CONFIG, trials=2, folder=folder, on_trial=_ignore)
        for each, folder in ((parts, _new(tmp_path / "a")), (blind, _new(tmp_path / "b")))
    )

    assert first == second
    assert _trials(tmp_path / "a") == _trials(tmp_path / "b")


def test_validation_judges_and_teaches_nothing(
    make_customers: Callable[..., pd.DataFrame], encoded: Any, tmp_path: Path
) -> None:
    """Other validation customers change the trials' values, not the first trials' epochs."""
    parts = encoded.parts
    other = make_customers(len(parts.validation), seed=5)
    changed = Split(training=parts.training, validation=other, holdout=parts.holdout, cuts=parts.cuts)
    logs: dict[str, list[TrialLog]] = {"a": [], "b": []}
    for (name, seen), each in zip(logs.items(), (parts, changed), strict=True):
        search_settings(each, CONFIG, trials=2, folder=_new(tmp_path / name), on_trial=seen.append)

    assert [log.parameters for log in logs["a"]] == [log.parameters for log in logs["b"]]
    assert [log.roc_auc for log in logs["a"]] != [log.roc_auc for log in logs["b"]]
    reported = [_reported(tmp_path / name) for name in logs]
    assert reported[0] == reported[1]


def test_trials_that_diverge_are_pruned(
    encoded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One non-finite loss does not end the search; if all are non-finite, the operator is informed."""

    def diverge(*_args: Any) -> float:
        raise ConfigError("diverged")

    monkeypatch.setattr(searching, "_judge", diverge)
    logs: list[TrialLog] = []
    with pytest.raises(ConfigError, match="no trial completed"):
        search_settings(encoded.parts, CONFIG, trials=2, folder=tmp_path, on_trial=logs.append)

    assert [(log.roc_auc, log.best_roc_auc) for log in logs] == [(None, None), (None, None)]


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _reported(folder: Path) -> list[dict[int, float]]:
    storage = f"sqlite:///{folder / STUDY}"
    (name,) = optuna.get_all_study_names(storage)
    return [t.intermediate_values for t in optuna.load_study(study_name=name, storage=storage).trials]


def test_a_configuration_outside_the_space_is_no_obstacle() -> None:
    """Configured values outside the search space are replaced by drawn ones."""
    config = TrainConfig.model_validate({"fit": {"members": 2, "batch_size": 100}})

    values = searching._values(config)

    assert {"members", "batch_size"}.isdisjoint(values)
    assert values["class_weighting"] == "sqrt"
