from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score

from tasks.core.training.network.calibration import (
    Platt,
    best_f1_threshold,
    calibrated_probability,
    decile_cuts,
    fit_platt,
    risk_bands,
)
from tasks.core.training.network.fit import Fitted
from tasks.core.training.network.mlp import predict_logits


def test_platt_finds_slope_and_shift() -> None:
    """Scaled and shifted logits are calibrated again."""
    rng = np.random.default_rng(0)
    true = rng.normal(-1, 1.5, 50_000)
    label = rng.random(50_000) < expit(true)
    platt = fit_platt(((true - 0.7) / 0.5).astype(np.float32), label)

    assert platt.slope == pytest.approx(0.5, abs=0.02)
    assert platt.intercept == pytest.approx(0.7, abs=0.04)


def test_platt_makes_the_mean_probability_the_churn_rate() -> None:
    """At the optimum the calibrated mean is that of the smoothed labels, and residuals ignore the logit."""
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1, 500)
    label = rng.random(500) < 0.25
    platt = fit_platt(z, label)
    n_churn = label.sum()
    target = np.where(label, (n_churn + 1) / (n_churn + 2), 1 / (500 - n_churn + 2))
    residual = expit(platt.slope * z + platt.intercept) - target

    assert residual.mean() == pytest.approx(0, abs=1e-7)
    assert (residual * z).mean() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("logits", "label"),
    [
        ([-1.0, -2.0, 1.0, 2.0], [False, False, True, True]),  # separable
        ([0.5, 0.5, 0.5, 0.5], [False, True, False, False]),  # constant
        ([300.0, -300.0, 250.0, -20.0], [False, True, True, False]),  # far out
        ([0.1], [True]),
        ([0.1, 0.2], [False, False]),
    ],
)
def test_platt_is_finite_for_awkward_logits(logits: list[float], label: list[bool]) -> None:
    """Separable, constant or extreme logits give finite numbers and no warning."""
    platt = fit_platt(np.array(logits, dtype=np.float32), np.array(label))

    assert np.isfinite([platt.slope, platt.intercept]).all()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=40).filter(
        lambda rows: any(y for _, y in rows)
    )
)
def test_no_threshold_has_a_better_f1(rows: list[tuple[int, bool]]) -> None:
    """Among all thresholds, ties and edges included, none flags with a higher F1."""
    probability = np.array([p / 10 for p, _ in rows], dtype=np.float32)
    label = np.array([y for _, y in rows])
    threshold = best_f1_threshold(probability, label)
    reached = f1_score(label, probability >= threshold)

    assert 0 <= threshold <= 1
    assert reached == pytest.approx(max(f1_score(label, probability >= level) for level in probability))


def test_threshold_lies_halfway_to_the_next_customer() -> None:
    """A rounding difference of another runtime flips nobody; of equal F1 the highest threshold wins."""
    probability = np.array([0.9, 0.5, 0.3, 0.1])

    assert best_f1_threshold(probability, np.array([True, True, False, False])) == 0.4
    assert best_f1_threshold(probability, np.array([True, False, False, False])) == 0.7
    assert best_f1_threshold(probability, np.array([True, True, True, True])) == 0.05
    assert best_f1_threshold(probability, np.array([True, False, False, True])) == 0.7


def test_decile_cuts_part_validation_into_tenths() -> None:
    """Nine descending probabilities leave a tenth of the customers in each decile."""
    probability = np.random.default_rng(0).beta(1, 3, 1_000)
    cuts = decile_cuts(probability)
    decile = 1 + (probability[:, np.newaxis] < np.array(cuts)).sum(axis=1)

    assert len(cuts) == 9
    assert list(cuts) == sorted(cuts, reverse=True)
    assert np.bincount(decile)[1:].tolist() == [100] * 10
    assert probability[decile == 1].min() > probability[decile == 2].max()


def test_risk_bands_are_the_first_deciles() -> None:
    """High risk is the first two deciles, medium the next three."""
    probability = np.random.default_rng(0).beta(1, 3, 1_000)
    bands = risk_bands(probability)

    assert (bands.high_from, bands.medium_from) == pytest.approx(
        (decile_cuts(probability)[1], decile_cuts(probability)[4])
    )
    assert (probability >= bands.high_from).sum() == 200
    assert (probability >= bands.medium_from).sum() == 500


def test_calibrated_probability_is_the_sigmoid_of_the_moved_logit(encoded: Any, fitted: Fitted) -> None:
    """Torch's reference computes in float32 what the formula says."""
    platt = Platt(slope=0.9, intercept=-0.5)
    logits = predict_logits(fitted.model, torch.tensor(encoded.x_holdout)).numpy().astype(np.float64)
    probability = calibrated_probability(fitted.model, platt, encoded.x_holdout)

    assert probability.dtype == np.float32
    assert probability == pytest.approx(expit(0.9 * logits - 0.5), abs=1e-6)
