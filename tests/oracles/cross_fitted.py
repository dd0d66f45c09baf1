"""A reference for ROC-AUC over folds and its interval: pair by pair, as the definitions read."""

from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, variance

Win = Callable[[int, int], float]
"""Says how far a model ranks a churner above a stayer: 1, 1/2 or 0; or a difference of two models."""
Fold = tuple[Win, Sequence[bool]]


def wins(scores: Sequence[float]) -> Win:
    """Compare a churner's score with a stayer's; a tie is half a win."""

    def win(churner: int, stayer: int) -> float:
        one, other = scores[churner], scores[stayer]
        return 1.0 if one > other else 0.5 if one == other else 0.0

    return win


def minus(candidate: Win, other: Win) -> Win:
    """Compare two models on the same pair."""
    return lambda churner, stayer: candidate(churner, stayer) - other(churner, stayer)


def mean_and_interval(folds: Sequence[Fold]) -> tuple[float, float, float]:
    """Return the mean over the folds and its interval: their variances, over the number squared."""
    values, total = [], 0.0
    for win, label in folds:
        churners = [i for i, left in enumerate(label) if left]
        stayers = [i for i, left in enumerate(label) if not left]
        of_churners = [fmean(win(churner, stayer) for stayer in stayers) for churner in churners]
        of_stayers = [fmean(win(churner, stayer) for churner in churners) for stayer in stayers]
        values.append(fmean(of_churners))
        total += variance(of_churners) / len(churners) + variance(of_stayers) / len(stayers)
    half_width = NormalDist().inv_cdf(0.975) * total**0.5 / len(folds)
    return fmean(values), fmean(values) - half_width, fmean(values) + half_width
