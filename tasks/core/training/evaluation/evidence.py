"""Curves, bins and permutation importance on the holdout: the details behind the metrics."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from schemas.columns import CATEGORIES, INTERNET_SERVICES, NUMBERS
from schemas.disclosure import SMALLEST_CELL
from schemas.evidence import (
    Agreement,
    CalibrationBin,
    Curve,
    Decile,
    Evidence,
    Influence,
    Response,
    ScoreBin,
    ThresholdChoice,
)
from schemas.measures import Measure
from tasks.core.intervals import proportion
from tasks.core.training.arrays import Bools, Floats

Score = Callable[[pd.DataFrame], Floats]

GRID = np.linspace(0, 1, 101)
RESAMPLES = 200
REPEATS = 10
BINS = 10
PERMUTED_TOGETHER = (("tenure", "TotalCharges"), INTERNET_SERVICES)
"""Redundant columns: permuting just one would understate its influence, as the others make up for it."""


def collect_evidence(
    customers: pd.DataFrame,
    label: Bools,
    score: Score,
    *,
    others: Mapping[str, Floats],
    threshold: float,
    other_thresholds: Mapping[str, float],
    inputs: tuple[str, ...],
    seed: int,
) -> Evidence:
    """Collect the evidence on (N, *) holdout customers.

    Args:
        customers: Accepted customers.
        label: (N,) whether they churned.
        score: Computes the candidate's (N,) probabilities.
        others: By model name, its probabilities (N,) for the same customers.
        threshold: The candidate's threshold.
        other_thresholds: By model name, its threshold.
        inputs: The candidate's input columns.
        seed: Seed for resampling and permuting.
    """
    rng = np.random.default_rng(seed)
    p = score(customers)
    return Evidence(
        roc=_curves(_roc, p, others, label, rng),
        precision_recall=_curves(_precision_recall, p, others, label, rng),
        calibration=_calibration(p, label),
        scores=_scores(p, label),
        deciles=_deciles(p, label),
        thresholds=tuple(_threshold(p, label, cut) for cut in np.linspace(0.05, 0.95, 19)),
        influence=_influence(customers, label, score, inputs, rng),
        responses=tuple(_response(customers, score, column) for column in inputs),
        agreement={
            name: Agreement(
                rank_correlation=float(spearmanr(p, other).statistic),
                same_flag_share=float(((p >= threshold) == (other >= other_thresholds[name])).mean()),
            )
            for name, other in others.items()
        },
    )


def _roc(p: Floats, label: Bools) -> Floats:
    """Return the recall at each false-positive rate in `GRID`: (101,)."""
    false_positive_rate, recall, _ = roc_curve(label, p)
    found: Floats = np.interp(GRID, false_positive_rate, recall)
    return found


def _precision_recall(p: Floats, label: Bools) -> Floats:
    """Return the precision at each recall in `GRID`, for the highest threshold that reaches it: (101,)."""
    precision, recall, _ = precision_recall_curve(label, p)
    rising: Floats = recall[-2::-1]
    reached = np.searchsorted(rising, GRID, side="left").clip(max=len(rising) - 1)
    found: Floats = precision[-2::-1][reached]
    return found


def _curves(
    curve: Callable[[Floats, Bools], Floats],
    p: Floats,
    others: Mapping[str, Floats],
    label: Bools,
    rng: np.random.Generator,
) -> dict[str, Curve]:
    plain = {name: _plain(curve, other, label) for name, other in others.items()}
    return {"candidate": _banded(curve, p, label, rng)} | plain


def _plain(curve: Callable[[Floats, Bools], Floats], p: Floats, label: Bools) -> Curve:
    return Curve(x=_tuple(GRID), y=_tuple(curve(p, label)))


def _banded(
    curve: Callable[[Floats, Bools], Floats], p: Floats, label: Bools, rng: np.random.Generator
) -> Curve:
    """Compute a curve with a pointwise 95 % bootstrap band."""
    rows = rng.integers(len(p), size=(RESAMPLES, len(p)))
    low, high = np.quantile([curve(p[r], label[r]) for r in rows], (0.025, 0.975), axis=0)
    plain = _plain(curve, p, label)
    return plain.model_copy(update={"low": _tuple(low), "high": _tuple(high)})


def _calibration(p: Floats, label: Bools) -> tuple[CalibrationBin, ...]:
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    return tuple(
        CalibrationBin(
            customers=len(rows),
            probability=float(p[rows].mean()),
            churn_share=proportion(int(label[rows].sum()), len(rows)),
        )
        for rows in parts
        if len(rows)
    )


def _scores(p: Floats, label: Bools) -> tuple[ScoreBin, ...]:
    edges = np.linspace(0, 1, 21)
    stayed, left = (np.histogram(p[mask], edges)[0] for mask in (~label, label))
    return tuple(
        ScoreBin(low=float(low), high=float(high), stayed=_shown(s), left=_shown(c))
        for low, high, s, c in zip(edges[:-1], edges[1:], stayed, left, strict=True)
    )


def _shown(count: int) -> int | None:
    return int(count) if count >= SMALLEST_CELL else None


def _deciles(p: Floats, label: Bools) -> tuple[Decile, ...]:
    parts = np.array_split(np.argsort(-p, kind="stable"), BINS)
    found = np.cumsum([int(label[rows].sum()) for rows in parts])
    return tuple(
        Decile(
            decile=i + 1,
            customers=len(rows),
            churn_share=proportion(int(label[rows].sum()), len(rows)),
            lift=float(label[rows].mean() / label.mean()),
            gain=float(found[i] / found[-1]),
        )
        for i, rows in enumerate(parts)
    )


def _threshold(p: Floats, label: Bools, cut: float) -> ThresholdChoice:
    flagged = p >= cut
    return ThresholdChoice(
        threshold=float(cut),
        contacted_share=float(flagged.mean()),
        precision=float(label[flagged].mean()) if flagged.sum() >= SMALLEST_CELL else None,
        recall=float(flagged[label].mean()),
    )


def _influence(
    customers: pd.DataFrame, label: Bools, score: Score, inputs: tuple[str, ...], rng: np.random.Generator
) -> tuple[Influence, ...]:
    """Permute groups of columns and measure the loss in ROC-AUC, most influential group first.

    Source: Breiman 2001, "Random Forests", section 10; grouped as in Au et al. 2022.
    """
    grouped = [group for group in PERMUTED_TOGETHER if set(group) <= set(inputs)]
    hidden = {column for group in grouped for column in group}
    groups = [*grouped, *((column,) for column in inputs if column not in hidden)]
    whole = float(roc_auc_score(label, score(customers)))
    found = []
    for group in groups:
        losses = []
        for _ in range(REPEATS):
            permuted = customers.copy()
            order = rng.permutation(len(customers))
            for column in group:
                permuted[column] = customers[column].to_numpy()[order]
            losses.append(whole - float(roc_auc_score(label, score(permuted))))
        low, high = np.quantile(losses, (0.025, 0.975))
        measure = Measure(value=float(np.mean(losses)), low=float(low), high=float(high))
        found.append(Influence(columns=tuple(group), loss=measure))
    return tuple(sorted(found, key=lambda each: -(each.loss.value or 0)))


def _response(customers: pd.DataFrame, score: Score, column: str) -> Response:
    """Compute the partial dependence on a column: each of its values is set for all customers in turn.

    Source: Friedman 2001, "Greedy Function Approximation", section 8.2.
    """
    values: list[str] | list[float] = list(CATEGORIES.get(column, ()))
    if column in NUMBERS:
        values = np.unique(np.nanquantile(customers[column], np.linspace(0.02, 0.98, 13)).round(2)).tolist()
    means = [float(score(customers.assign(**{column: value})).mean()) for value in values]
    return Response(column=column, values=tuple(f"{value}" for value in values), probability=tuple(means))


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
