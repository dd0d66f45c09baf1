"""Metrics for probabilities and flags, each with a bootstrap interval."""

import numpy as np
import numpy.typing as npt

from schemas.measures import Measure
from schemas.reports import Confusion, Measures
from tasks.core.training.arrays import Floats
from tasks.core.training.metrics.ranking import Ranking

CALIBRATION_BINS = 10
"""Bins of equal count; with 1,409 customers a perfectly calibrated model has an ECE of about .022.

Source: docs/model.md.
"""

SMALLEST_PROBABILITY = 1e-15
"""Probabilities are clipped by this much in the log loss, which is infinite at 0 and 1."""

_CELLS = 5_000_000  # resampled customers held in memory at a time


def measure(
    probability: npt.NDArray[np.floating],
    label: npt.NDArray[np.bool_],
    *,
    threshold: float,
    resamples: int,
    seed: int,
) -> Measures:
    """Compute every metric and its 95 % percentile interval over resampled customers.

    ECE is the mean over `CALIBRATION_BINS` bins, cut at quantiles of the probability (equal
    probabilities share a bin) and weighted by their customers, of |mean probability - churn rate|.
    Resamples in which a metric is undefined are ignored.

    Args:
        probability: (N,) churn probabilities, finite, between 0 and 1.
        label: (N,) whether the customer churned.
        threshold: Customers with at least this probability are flagged.
        resamples: Number R of bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        Each metric; value, low and high are None if it is undefined.

    Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13; resampling
    rows with replacement equals weighting them with multinomial counts.
    """
    p = probability.astype(np.float64)
    n = len(p)
    if n == 0:
        return Measures.model_validate(dict.fromkeys(Measures.model_fields, _measure(np.full(2, np.nan))))
    rng = np.random.default_rng(seed)
    share = np.full(n, 1 / n)
    blocks = [_metrics(p, label, np.ones((1, n)), threshold)]
    step = max(1, _CELLS // n)
    for start in range(0, resamples, step):
        weights = rng.multinomial(n, share, size=min(step, resamples - start)).astype(np.float64)
        blocks.append(_metrics(p, label, weights, threshold))
    return Measures.model_validate(
        {name: _measure(np.concatenate([block[name] for block in blocks])) for name in blocks[0]}
    )


def confusion(
    probability: npt.NDArray[np.floating], label: npt.NDArray[np.bool_], *, threshold: float
) -> Confusion:
    """Count customers by flag and outcome.

    Args:
        probability: (N,) churn probabilities.
        label: (N,) whether the customer churned.
        threshold: Customers with at least this probability are flagged.
    """
    flag = probability.astype(np.float64) >= threshold
    return Confusion(
        true_negative=int((~flag & ~label).sum()),
        false_positive=int((flag & ~label).sum()),
        false_negative=int((~flag & label).sum()),
        true_positive=int((flag & label).sum()),
    )


def _metrics(p: Floats, label: npt.NDArray[np.bool_], weights: Floats, threshold: float) -> dict[str, Floats]:
    """Compute every metric under R weightings of the rows: (R, N) to (R,) each, NaN if undefined."""
    flag = p >= threshold
    clipped = np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    loss = -np.log(np.where(label, clipped, 1 - clipped))
    per_row = np.column_stack([flag & label, flag, label, np.square(p - label), loss])
    hits, flagged, churners, squares, losses = (weights @ per_row).T
    total = weights.sum(axis=1)

    cuts = np.quantile(p, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])
    in_bin = np.searchsorted(cuts, p, side="right")[:, np.newaxis] == np.arange(CALIBRATION_BINS)
    gaps = np.abs(weights @ (in_bin * (p - label)[:, np.newaxis]))  # (R, bins)

    ranking = Ranking.of(p, label, weights)
    with np.errstate(invalid="ignore"):  # undefined metrics are 0 / 0
        return {
            "roc_auc": ranking.roc_auc(),
            "pr_auc": ranking.pr_auc(),
            "f1": 2 * hits / (flagged + churners),
            "recall": hits / churners,
            "precision": hits / flagged,
            "brier": squares / total,
            "log_loss": losses / total,
            "ece": gaps.sum(axis=1) / total,
            "top_decile_lift": ranking.top_decile_lift(),
        }


def _measure(values: Floats) -> Measure:
    """Summarise (1 + R,) values: the first is the sample's own, the others are those of its resamples."""
    value, resampled = values[0], values[1:][~np.isnan(values[1:])]
    if np.isnan(value) or len(resampled) == 0:
        return Measure(value=None, low=None, high=None)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Measure(value=float(value), low=float(low), high=float(high))
