from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from schemas.measures import Measure
from tasks.core.training.metrics.delong import mean_difference, mean_roc_auc, paired_difference
from tests.oracles.cross_fitted import mean_and_interval, minus, wins


def _sample(n: int = 600, seed: int = 0, noise: float = 1.0) -> tuple[Any, Any, Any]:
    """Draw outcomes and two scores of different noise, both with ties."""
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.3
    score = (label + rng.normal(0, 1, n)).round(1)
    return score, (score + rng.normal(0, noise, n)).round(1), label


def test_value_is_the_difference_of_the_areas() -> None:
    """With ties, the value is scikit-learn's ROC-AUC of one minus that of the other."""
    candidate, other, label = _sample()
    found = paired_difference(candidate, other, label)

    assert found.customers == 600
    assert found.roc_auc.value == pytest.approx(
        roc_auc_score(label, candidate) - roc_auc_score(label, other), abs=1e-12
    )


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_interval_is_that_of_a_paired_bootstrap(noise: float) -> None:
    """DeLong's interval is the one resampled customers give, up to chance."""
    candidate, other, label = _sample(noise=noise)
    rng = np.random.default_rng(1)
    drawn = (rng.integers(0, 600, 600) for _ in range(400))
    differences = [
        roc_auc_score(label[rows], candidate[rows]) - roc_auc_score(label[rows], other[rows])
        for rows in drawn
    ]
    found = paired_difference(candidate, other, label).roc_auc
    low, high = np.quantile(differences, (0.025, 0.975))

    assert [found.low, found.high] == pytest.approx([low, high], abs=0.2 * (high - low))


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of two equally good scores, about one interval in twenty misses zero."""
    missed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        label = rng.random(200) < 0.4
        scores = label + rng.normal(0, 1, (2, 200))
        found = paired_difference(scores[0], scores[1], label).roc_auc
        missed += not found.low < 0 < found.high

    assert 5 <= missed <= 27


def test_variance_of_a_case_computed_by_hand() -> None:
    """Three churners and two stayers, computed by hand."""
    label = np.array([True, True, True, False, False])
    candidate = np.array([5.0, 4.0, 1.0, 3.0, 2.0])  # above both, both, none: 4 of 6 pairs
    other = np.array([5.0, 2.0, 1.0, 4.0, 3.0])  # above both, none, none: 2 of 6 pairs
    found = paired_difference(candidate, other, label).roc_auc
    # Differences: by churner 0, 1, 0 (variance 1/3); by stayer 1/3, 1/3 (variance 0).
    half_width = 1.959963984540054 * (1 / 3 / 3) ** 0.5

    assert [found.value, found.low, found.high] == pytest.approx(
        [1 / 3, 1 / 3 - half_width, 1 / 3 + half_width]
    )


def test_a_model_does_not_differ_from_itself() -> None:
    """The same scores, or any rising function of them, differ by exactly nothing."""
    candidate, _, label = _sample()
    found = paired_difference(candidate, np.exp(candidate), label).roc_auc

    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_swapping_turns_the_sign() -> None:
    """Swapping the models changes the sign."""
    candidate, other, label = _sample()
    one, two = (paired_difference(*pair, label).roc_auc for pair in ((candidate, other), (other, candidate)))

    assert [one.value, one.low, one.high] == pytest.approx([-two.value, -two.high, -two.low])


@pytest.mark.parametrize(
    ("label", "value_defined", "interval_defined"),
    [
        ([], False, False),
        ([True, True], False, False),
        ([False, False], False, False),
        ([True, False, False], True, False),
        ([True, True, False], True, False),
        ([True, True, False, False], True, True),
    ],
)
def test_too_few_customers_are_not_computable(
    label: list[bool], value_defined: bool, interval_defined: bool
) -> None:
    """One of each class is needed for a value, two of each for an interval; never NaN."""
    scores = np.arange(len(label), dtype=np.float64)
    found = paired_difference(scores, -scores, np.array(label, dtype=np.bool_)).roc_auc

    assert (found.value is not None) == value_defined
    assert (found.low is not None) == (found.high is not None) == interval_defined


def _folds(count: int) -> list[tuple[Any, Any, Any]]:
    return [_sample(n=40 + 10 * i, seed=i) for i in range(count)]


def _parts(measure: Measure) -> tuple[float | None, ...]:
    return measure.value, measure.low, measure.high


@pytest.mark.parametrize("count", [1, 2, 5])
def test_mean_over_folds_and_its_interval_are_those_counted_pair_by_pair(count: int) -> None:
    """The difference, and the ROC-AUC of one model, with ties and folds of unequal size."""
    folds = _folds(count)
    candidate = [(wins(ours.tolist()), label.tolist()) for ours, _, label in folds]
    difference = [
        (minus(wins(ours.tolist()), wins(theirs.tolist())), label.tolist()) for ours, theirs, label in folds
    ]

    found = mean_difference(folds)
    alone = mean_roc_auc([(ours, label) for ours, _, label in folds])

    assert _parts(found.roc_auc) == pytest.approx(mean_and_interval(difference), abs=1e-12)
    assert _parts(alone) == pytest.approx(mean_and_interval(candidate), abs=1e-12)
    assert found.customers == sum(len(label) for *_, label in folds)


def test_each_fold_counts_the_same_and_only_by_the_order_of_its_scores() -> None:
    """The value is the mean of scikit-learn's, and scores of folds on scales of their own change nothing."""
    folds = _folds(4)
    expected = [roc_auc_score(label, ours) - roc_auc_score(label, theirs) for ours, theirs, label in folds]
    stretched = [(np.exp(ours) * 10**i, theirs, label) for i, (ours, theirs, label) in enumerate(folds)]

    assert mean_difference(folds).roc_auc.value == pytest.approx(np.mean(expected), abs=1e-12)
    assert mean_difference(stretched) == mean_difference(folds)


def test_a_fold_without_churners_leaves_no_mean() -> None:
    """Nothing is averaged over fewer folds than there are."""
    ours, theirs, label = _sample(n=30)
    folds = [(ours, theirs, label), (ours, theirs, np.zeros_like(label))]

    assert _parts(mean_difference(folds).roc_auc) == (None, None, None)
