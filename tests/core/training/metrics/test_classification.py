from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from schemas.reports import Confusion, Measures
from tasks.core.training.metrics.classification import confusion, measure

THRESHOLD = 0.4


def _sample(n: int = 400, seed: int = 0, digits: int = 2) -> tuple[Any, Any]:
    """Draw probabilities with many ties, and outcomes that follow them."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(1, 2, n).round(digits)
    return probability, rng.random(n) < probability


def _measure(probability: Any, label: Any, resamples: int = 200) -> Measures:
    return measure(probability, label, threshold=THRESHOLD, resamples=resamples, seed=0)


REFERENCES: dict[str, Callable[[Any, Any], float]] = {
    "roc_auc": reference.roc_auc_score,
    "pr_auc": reference.average_precision_score,
    "f1": lambda y, p: reference.f1_score(y, p >= THRESHOLD),
    "recall": lambda y, p: reference.recall_score(y, p >= THRESHOLD),
    "precision": lambda y, p: reference.precision_score(y, p >= THRESHOLD),
    "brier": reference.brier_score_loss,
    "log_loss": lambda y, p: reference.log_loss(y, p.clip(1e-15, 1 - 1e-15)),
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize(("seed", "digits"), [(0, 1), (1, 2), (2, 12)])
def test_values_are_scikit_learns(name: str, seed: int, digits: int) -> None:
    """Each metric agrees with scikit-learn, with many ties, few and none."""
    probability, label = _sample(seed=seed, digits=digits)
    value = getattr(_measure(probability, label), name).value

    assert value == pytest.approx(REFERENCES[name](label, probability), abs=1e-12)


@pytest.mark.parametrize("name", REFERENCES)
def test_intervals_are_those_of_resampled_rows(name: str) -> None:
    """Weighting rows gives the same interval as drawing them, up to chance."""
    probability, label = _sample(seed=3)
    rng = np.random.default_rng(1)
    drawn = (rng.integers(0, len(label), len(label)) for _ in range(400))
    values = [REFERENCES[name](label[rows], probability[rows]) for rows in drawn]
    found = getattr(_measure(probability, label, resamples=2_000), name)
    width = found.high - found.low

    assert [found.low, found.high] == pytest.approx(np.quantile(values, (0.025, 0.975)), abs=0.15 * width)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.4, 0.5, 1.0]), st.booleans()), max_size=25))
def test_never_nan_and_never_half_a_measure(rows: list[tuple[float, bool]]) -> None:
    """Whatever the sample, a metric is wholly there or wholly absent, in its bounds and in order."""
    probability = np.array([p for p, _ in rows], dtype=np.float64)
    label = np.array([y for _, y in rows], dtype=np.bool_)
    measures = _measure(probability, label, resamples=20)
    one_class = label.all() or not label.any()

    assert (measures.roc_auc.value is None) == one_class
    assert (measures.brier.value is None) == (not rows)
    assert (measures.precision.value is None) == (not (probability >= THRESHOLD).any())
    for name, found in measures:
        present = [number is not None for number in (found.value, found.low, found.high)]
        assert all(present) or not any(present)
        if found.value is not None:
            assert 0 <= found.low <= found.high
            assert name in ("log_loss", "top_decile_lift") or found.high <= 1 + 1e-12


def test_row_order_changes_no_value() -> None:
    """Ties are treated alike whatever order the rows come in."""
    probability, label = _sample(digits=1)
    order = np.random.default_rng(5).permutation(len(label))
    one, other = _measure(probability, label), _measure(probability[order], label[order])

    for name in Measures.model_fields:
        assert getattr(one, name).value == pytest.approx(getattr(other, name).value, abs=1e-12)


def test_same_seed_same_interval() -> None:
    """Measuring twice gives the same report."""
    assert _measure(*_sample()) == _measure(*_sample())


def test_blocks_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resamples taken a few at a time, to save memory, are the same resamples."""
    whole = _measure(*_sample())
    monkeypatch.setattr("tasks.core.training.metrics.classification._CELLS", 1_000)

    assert _measure(*_sample()) == whole


def test_perfectly_calibrated_model_has_the_known_calibration_error() -> None:
    """On 1,409 customers chance alone makes an ECE of about .022 (docs/model.md)."""
    eces = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        probability = rng.beta(0.7, 1.9, 1_409)
        eces.append(
            measure(
                probability, rng.random(1_409) < probability, threshold=0.5, resamples=1, seed=0
            ).ece.value
        )

    assert np.mean(eces) == pytest.approx(0.022, abs=0.003)


def test_calibration_error_is_the_mean_gap() -> None:
    """A constant prediction of .3 with a churn rate of one half is .2 off; one of ten bins is filled."""
    label = np.arange(100) % 2 == 0

    assert _measure(np.full(100, 0.3), label).ece.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("probability", "lift"),
    [
        # The ten churners of a hundred are the top tenth.
        (np.arange(100, 0, -1) / 100, 10.0),
        # They are the last ten.
        (np.arange(100) / 100, 0.0),
        # All customers are equal: the top tenth has a tenth of the churners.
        (np.full(100, 0.5), 1.0),
        # Five churners lead; the other five are tied over the next 95 places.
        (np.where(np.arange(100) < 5, 0.9, 0.1), 10 * (5 + 5 * 5 / 95) / 10),
    ],
)
def test_top_decile_lift(probability: Any, lift: float) -> None:
    """Lift is the churn rate of the top tenth over that of all, ties sharing the last places."""
    label = np.arange(100) < 10

    assert _measure(probability, label).top_decile_lift.value == pytest.approx(lift)


def test_confusion_counts_the_threshold_as_flagged() -> None:
    """A probability equal to the threshold is flagged."""
    probability = np.array([0.4, 0.4, 0.39, 0.39, 0.9], dtype=np.float64)
    label = np.array([True, False, True, False, True])

    assert confusion(probability, label, threshold=0.4) == Confusion(
        true_negative=1, false_positive=1, false_negative=1, true_positive=2
    )


def test_no_customers_have_no_metrics() -> None:
    """An empty slice is reported as not computable."""
    nobody = np.array([], dtype=np.float64)
    measures = _measure(nobody, nobody.astype(bool))

    assert all(found.value is None for _, found in measures)
    assert confusion(nobody, nobody.astype(bool), threshold=0.5) == Confusion(
        true_negative=0, false_positive=0, false_negative=0, true_positive=0
    )
