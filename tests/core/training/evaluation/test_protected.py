from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.columns import PROTECTED
from schemas.config import FitConfig, TrainConfig
from tasks.core.training.evaluation.protected import Refit, cost_of_leaving_out, refit_without
from tasks.core.training.metrics.delong import paired_difference
from tasks.core.training.network.model_state import to_bytes

CONFIG = TrainConfig(
    fit=FitConfig(hidden=(8, 4), max_epochs=2, learning_rate=1e-2, members=2, student="none")
)


def _refit(encoded: Any, folder: Path, *, resume: bool = False) -> Refit:
    return refit_without(encoded.parts, CONFIG, checkpoints=folder, resume=resume)


@pytest.fixture(scope="module")
def refit(encoded: Any, tmp_path_factory: pytest.TempPathFactory) -> Refit:
    """Two small networks that see no protected attribute."""
    return _refit(encoded, tmp_path_factory.mktemp("refit"))


def test_the_refit_does_not_see_them(encoded: Any, refit: Refit) -> None:
    """Changing gender or SeniorCitizen changes no probability, and nothing else left the inputs."""
    holdout = encoded.parts.holdout
    changed = holdout.assign(gender="Male", SeniorCitizen="1")

    assert np.array_equal(refit.probability(changed), refit.probability(holdout))
    left_out = {each.column for each in encoded.spec.encodings} - {e.column for e in refit.spec.encodings}
    assert left_out == set(PROTECTED)


def test_the_refit_is_the_same_every_time(encoded: Any, refit: Refit, tmp_path: Path) -> None:
    """Fitted twice, or resumed, it has the same weights."""
    again = _refit(encoded, tmp_path)
    resumed = _refit(encoded, tmp_path, resume=True)

    for each in (again, resumed):
        assert to_bytes(each.network.model, each.network.platt) == to_bytes(
            refit.network.model, refit.network.platt
        )


def test_the_cost_is_paired() -> None:
    """ROC-AUC by DeLong; of Brier scores the mean difference, customer by customer, with its interval."""
    label = np.array([True, True, False, False, True, False])
    candidate = np.array([0.9, 0.6, 0.2, 0.1, 0.7, 0.4])
    refit = np.array([0.8, 0.3, 0.4, 0.1, 0.7, 0.2])
    by_customer = (candidate - label) ** 2 - (refit - label) ** 2

    cost = cost_of_leaving_out(candidate, refit, label)

    assert cost.difference == paired_difference(candidate, refit, label)
    assert cost.columns == PROTECTED
    assert cost.brier.value == pytest.approx(by_customer.mean())
    assert cost.brier.high is not None
    error = by_customer.std(ddof=1) / np.sqrt(6)
    assert cost.brier.high - by_customer.mean() == pytest.approx(1.959964 * error, rel=1e-6)


def test_the_same_model_costs_nothing() -> None:
    """Equal probabilities have no difference, and no uncertainty about it."""
    label, p = np.array([True, False, True, False]), np.array([0.9, 0.1, 0.6, 0.4])

    cost = cost_of_leaving_out(p, p, label)

    assert (cost.difference.roc_auc.value, cost.brier.value) == (0, 0)
    assert (cost.brier.low, cost.brier.high) == (0, 0)


def test_one_customer_has_no_interval() -> None:
    """A single customer has no interval."""
    one = np.array([0.5])

    assert cost_of_leaving_out(one, one, np.array([True])).brier.low is None
