import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.config import TrainConfig
from tasks import cross_fit as module
from tasks.core.training.data.split import split_customers
from tasks.core.training.evaluation import side_fits
from tasks.core.training.evaluation.cross_fit import FoldScores, compare_folds
from tasks.core.training.evaluation.side_fits import SideResults
from tasks.core.training_run import Order, Run
from tests.harness.customers import make_customers

CUSTOMERS = make_customers(300, seed=6)
PARTS = split_customers(CUSTOMERS, TrainConfig().split)
NETWORK: Any = object()


def _scores(seed: int) -> FoldScores:
    rng = np.random.default_rng(seed)
    return FoldScores(
        label=rng.random(60) < 0.4, candidate=rng.random(60), teacher=None, baselines={"tree": rng.random(60)}
    )


def _cross_fit(monkeypatch: pytest.MonkeyPatch, folds: int) -> tuple[SideResults, list[Any]]:
    """Run the step on one core with made-up fits; return its result, and whom the candidate has scored."""
    config = TrainConfig.model_validate({"evaluation": {"folds": folds}})
    run = Run(Path("run"), Order(extract=None, config=config), resumed=False)
    scored: list[Any] = []

    def score(holdout: Any, network: Any, *_: Any) -> FoldScores:
        scored.append((holdout, network))
        return _scores(5)

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(side_fits, "fit_fold", lambda *_, checkpoints, **__: _scores(int(checkpoints.name)))
    monkeypatch.setattr(side_fits, "_without_protected", lambda *_, **__: np.zeros(60))
    monkeypatch.setattr(module, "score_fold", score)
    spec: Any = None
    with module.start_side_fits(CUSTOMERS, PARTS, run) as started:
        return module.cross_fit(started, PARTS, NETWORK, spec, {}), scored


def test_the_candidate_judges_its_own_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five folds four are fitted again; in the fifth, which is the split itself, the candidate scores."""
    results, scored = _cross_fit(monkeypatch, 5)

    ((holdout, network),) = scored
    assert holdout is PARTS.holdout
    assert network is NETWORK
    assert results.cross_fit == compare_folds([_scores(i) for i in (1, 2, 3, 4, 5)])
    assert results.without_protected is not None


@pytest.mark.parametrize("folds", [0, 3])
def test_without_a_fold_of_its_own_the_candidate_judges_none(
    monkeypatch: pytest.MonkeyPatch, folds: int
) -> None:
    """With three folds all are fitted, and without folds nothing is compared."""
    results, scored = _cross_fit(monkeypatch, folds)

    assert scored == []
    assert (results.cross_fit.folds if results.cross_fit else 0) == folds
