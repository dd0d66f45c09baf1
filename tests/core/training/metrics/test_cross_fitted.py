from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from schemas.measures import Measure
from tasks.core.training.metrics.cross_fitted import mean_difference, mean_roc_auc, roc_auc_by_fold
from tasks.core.training.metrics.delong import paired_difference
from tests.oracles.cross_fitted import mean_and_interval, minus, wins


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Two models' scores in every fold, with ties, and whom each fold holds out."""

    candidate: Any
    other: Any
    label: Any
    fold: Any

    def difference(self, **changes: Any) -> Measure:
        """Compare the two, with some arguments changed."""
        return mean_difference(**(vars(self) | changes)).roc_auc


def _sample(folds: int = 4, n: int = 120, seed: int = 0, noise: float = 0.5) -> Sample:
    """Draw scores of a common signal; `noise` is what a fold's models have for themselves."""
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.4
    signal = label + rng.normal(0, 1, n)
    candidate, other = (signal + rng.normal(0, noise, (folds, n)) for _ in range(2))
    return Sample(
        candidate=candidate.round(1),
        other=(other + 0.8 * rng.normal(0, 1, n)).round(1),
        label=label,
        fold=rng.permutation(np.arange(n) % folds),
    )


def _parts(measure: Measure) -> tuple[float | None, ...]:
    return measure.value, measure.low, measure.high


@pytest.mark.parametrize("folds", [3, 4, 5])
def test_mean_and_interval_are_those_counted_pair_by_pair(folds: int) -> None:
    """The difference, and the ROC-AUC of one model, with ties and classes of unequal size."""
    sample = _sample(folds)
    candidate, other = wins(sample.candidate.tolist()), wins(sample.other.tolist())
    customers = sample.label.tolist(), sample.fold.tolist()

    difference = _parts(sample.difference())
    alone = _parts(mean_roc_auc(sample.candidate, sample.label, sample.fold))

    assert difference == pytest.approx(mean_and_interval(minus(candidate, other), *customers), abs=1e-12)
    assert alone == pytest.approx(mean_and_interval(candidate, *customers), abs=1e-12)


def test_value_is_the_mean_of_the_folds_differences() -> None:
    """Each fold counts the same, and each is scikit-learn's ROC-AUC of its own model on its own customers."""
    sample = _sample()
    expected = [
        [
            roc_auc_score(sample.label[rows], scores[v, rows])
            for v in range(4)
            if any(rows := sample.fold == v)
        ]
        for scores in (sample.candidate, sample.other)
    ]

    ours, theirs = (
        roc_auc_by_fold(scores, sample.label, sample.fold) for scores in (sample.candidate, sample.other)
    )

    assert ours == pytest.approx(expected[0], abs=1e-12)
    assert theirs == pytest.approx(expected[1], abs=1e-12)
    assert sample.difference().value == pytest.approx((ours - theirs).mean(), abs=1e-12)
    assert mean_roc_auc(sample.candidate, sample.label, sample.fold).value == pytest.approx(ours.mean())
    assert mean_difference(**vars(sample)).customers == 120


def test_of_equal_models_the_interval_is_delongs_averaged() -> None:
    """Where every fold's models give the same scores, only the judging customers make the mean uncertain."""
    sample = _sample(noise=0.0)
    by_fold = [
        paired_difference(sample.candidate[v, rows], sample.other[v, rows], sample.label[rows]).roc_auc
        for v in range(4)
        if any(rows := sample.fold == v)
    ]
    half_widths = np.array([(each.high or 0) - (each.value or 0) for each in by_fold])
    found = sample.difference()
    assert found.value is not None
    assert found.high is not None

    assert (sample.candidate == sample.candidate[0]).all()
    assert found.value == pytest.approx(np.mean([each.value for each in by_fold]), abs=1e-12)
    assert found.high - found.value == pytest.approx(np.sqrt((half_widths**2).sum()) / 4, abs=1e-12)


def test_models_that_differ_on_common_customers_widen_the_interval() -> None:
    """What a fold's model says of the customers that another fold judges does not move the mean."""
    sample = _sample(noise=0.0)
    rng = np.random.default_rng(1)
    elsewhere = sample.fold != np.arange(4)[:, None]
    unsteady = np.where(elsewhere, sample.candidate + rng.normal(0, 1, (4, 120)), sample.candidate)

    steady, found = sample.difference(), sample.difference(candidate=unsteady)

    assert found.value == steady.value
    assert steady.low is not None
    assert found.low is not None
    assert found.low < steady.low


def test_only_the_order_of_scores_counts() -> None:
    """Scores of folds on scales of their own change nothing: no customer is compared across folds."""
    sample = _sample()
    stretched = np.exp(sample.candidate) * np.array([[1], [10], [100], [1_000]])

    assert sample.difference(candidate=stretched) == sample.difference()
    assert _parts(sample.difference(other=stretched)) == (0, 0, 0)
