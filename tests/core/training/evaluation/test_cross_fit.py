import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from schemas.baselines import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from schemas.config import FitConfig, TrainConfig
from schemas.scores import PROBABILITY_DECIMALS
from tasks.core.bundle.encoder import encode
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.outer_folds import outer_folds
from tasks.core.training.data.split import Parts, split_customers
from tasks.core.training.evaluation.baselines import fit_baselines
from tasks.core.training.evaluation.beside import beside
from tasks.core.training.evaluation.cross_fit import FoldScores, compare_folds, fit_fold, score_fold
from tasks.core.training.metrics.delong import mean_difference, mean_roc_auc, paired_difference
from tasks.core.training.network.calibration import Platt, rounded_probability
from tasks.core.training.network.ensemble import train_network
from tasks.core.training.network.mlp import Ensemble, Mlp

CONFIG = TrainConfig(
    fit=FitConfig(hidden=(8, 4), max_epochs=2, learning_rate=1e-2, members=2, student="none")
)


@dataclass(frozen=True, kw_only=True)
class Folds:
    """Customers, and the parts of the last fold."""

    customers: pd.DataFrame
    parts: Parts

    def fit(self, checkpoints: Path, *, resume: bool = False) -> FoldScores:
        """Fit the last fold."""
        return fit_fold(self.parts, CONFIG, checkpoints=checkpoints, resume=resume)


@pytest.fixture(scope="module")
def folds(make_customers: Callable[..., pd.DataFrame]) -> Folds:
    """Cut four hundred made-up customers into five folds."""
    customers = make_customers(400, seed=4)
    return Folds(customers=customers, parts=outer_folds(customers, CONFIG.split, 5)[4])


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the fold below was fitted."""
    return tmp_path_factory.mktemp("fold")


@pytest.fixture(scope="module")
def fitted(folds: Folds, checkpoints: Path) -> FoldScores:
    """Scores of the last fold's models, fitted without interruption."""
    return folds.fit(checkpoints)


def _bytes(scores: FoldScores) -> dict[str, bytes]:
    return {"candidate": scores.candidate.tobytes()} | {
        name: each.tobytes() for name, each in scores.baselines.items()
    }


def test_the_customers_held_out_are_scored_by_every_model(folds: Folds, fitted: FoldScores) -> None:
    """The candidate's probabilities are rounded like published scores; the three baselines have theirs."""
    assert fitted.candidate.shape == (len(folds.parts.holdout),)
    assert fitted.candidate.dtype == np.float64
    assert np.array_equal(fitted.candidate, fitted.candidate.round(PROBABILITY_DECIMALS))
    assert list(fitted.baselines) == [LOGISTIC_REGRESSION, SPLINES, DECISION_TREE]
    assert fitted.teacher is None
    assert fitted.label.tolist() == (folds.parts.holdout["Churn"] == "Yes").tolist()


def test_a_fit_interrupted_between_networks_ends_with_the_same_bytes(
    folds: Folds, fitted: FoldScores, checkpoints: Path, tmp_path: Path
) -> None:
    """Resumed, it does not fit the finished network again, and scores as the uninterrupted fit did."""
    shutil.copytree(checkpoints, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "member_2")
    finished = sorted((tmp_path / "member_1").iterdir())
    before = [path.stat().st_mtime_ns for path in finished]

    resumed = folds.fit(tmp_path, resume=True)

    assert _bytes(resumed) == _bytes(fitted)
    assert [path.stat().st_mtime_ns for path in finished] == before


def test_a_fold_is_the_same_in_another_process(
    folds: Folds, fitted: FoldScores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cores a machine has, and so wherever a fold is fitted, its scores have the same bytes."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})

    with beside({str(i): partial(folds.fit, tmp_path / str(i)) for i in range(2)}) as ended:
        found = dict(ended)

    assert [_bytes(found[each]) for each in ("0", "1")] == [_bytes(fitted)] * 2


def test_the_outcomes_of_the_holdout_are_not_looked_at(
    folds: Folds, fitted: FoldScores, tmp_path: Path
) -> None:
    """With every outcome of the held-out customers turned, the fold's models are the same."""
    turned = {"Yes": "No", "No": "Yes"}
    holdout = folds.parts.holdout.assign(Churn=folds.parts.holdout["Churn"].map(turned))

    found = replace(folds, parts=replace(folds.parts, holdout=holdout)).fit(tmp_path)

    assert np.array_equal(found.label, ~fitted.label)
    assert _bytes(found) == _bytes(fitted)


def test_a_fold_is_fitted_as_the_candidate_is(folds: Folds, fitted: FoldScores, tmp_path: Path) -> None:
    """So the fold with the candidate's own split can do with the candidate's models."""
    parts = split_customers(folds.customers, CONFIG.split)
    spec = fit_spec(parts.training, CONFIG.encoding)
    network = train_network(parts, spec, CONFIG.fit, checkpoints=tmp_path)
    baselines = fit_baselines(parts.training, parts.validation)

    assert _bytes(score_fold(parts.holdout, network, spec, baselines)) == _bytes(fitted)


def test_a_student_and_its_teacher_are_both_scored(folds: Folds) -> None:
    """The student is the candidate; both have the calibration that was fitted for them."""
    spec = fit_spec(folds.parts.training, CONFIG.encoding)
    torch.manual_seed(0)
    student, teacher = (
        Ensemble([Mlp(d_in=len(spec.feature_names), hidden=(4, 3), dropout=0.5)]).eval() for _ in range(2)
    )
    platt = Platt(slope=2.0, intercept=-1.0)
    network: Any = SimpleNamespace(model=student, student=student, teacher=teacher, platt=platt)
    matrix = encode(folds.parts.holdout, spec)

    found = score_fold(folds.parts.holdout, network, spec, {})

    assert np.array_equal(found.candidate, rounded_probability(student, platt, matrix))
    assert found.teacher is not None
    assert np.array_equal(found.teacher, rounded_probability(teacher, platt, matrix))
    assert not np.array_equal(found.candidate, found.teacher)


def _drawn(seed: int, n: int, *, taught: bool) -> FoldScores:
    rng = np.random.default_rng(seed)
    return FoldScores(
        label=rng.random(n) < 0.4,
        candidate=rng.random(n),
        teacher=rng.random(n) if taught else None,
        baselines={LOGISTIC_REGRESSION: rng.random(n), DECISION_TREE: rng.random(n)},
    )


@pytest.mark.parametrize("taught", [True, False])
def test_the_candidate_is_compared_with_every_other_model(taught: bool) -> None:
    """Each by its own scores, in the order of the folds; without a teacher it is left out."""
    folds = [_drawn(i, 40 + i, taught=taught) for i in range(5)]
    others = {name: [fold.baselines[name] for fold in folds] for name in folds[0].baselines}
    if taught:
        others["teacher"] = [fold.teacher for fold in folds if fold.teacher is not None]

    found = compare_folds(folds)

    assert found.folds == 5
    assert found.roc_auc == mean_roc_auc([(fold.candidate, fold.label) for fold in folds])
    assert (found.teacher is not None) is taught
    compared = found.baselines | ({"teacher": found.teacher} if found.teacher else {})
    assert list(compared) == list(others)
    for name, other in others.items():
        pairs = [(fold.candidate, scores, fold.label) for fold, scores in zip(folds, other, strict=True)]
        assert compared[name].roc_auc == mean_roc_auc([(scores, label) for _, scores, label in pairs])
        assert compared[name].difference == mean_difference(pairs)
        assert compared[name].by_fold == tuple(paired_difference(*pair).roc_auc.value for pair in pairs)
