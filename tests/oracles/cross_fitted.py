"""A reference for the cross-fitted ROC-AUC and its interval: pair by pair, as the definitions read."""

from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import NormalDist, fmean, pvariance, variance

Win = Callable[[int, int, int], float]
"""Says how far a fold's model ranks a churner above a stayer: 1, 1/2 or 0; or a difference of two models."""


def wins(scores: Sequence[Sequence[float]]) -> Win:
    """Compare a churner's score with a stayer's; a tie is half a win."""

    def win(v: int, churner: int, stayer: int) -> float:
        one, other = scores[v][churner], scores[v][stayer]
        return 1.0 if one > other else 0.5 if one == other else 0.0

    return win


def minus(candidate: Win, other: Win) -> Win:
    """Compare two models on the same pair."""
    return lambda v, churner, stayer: candidate(v, churner, stayer) - other(v, churner, stayer)


def influence(
    win: Win, v: int, label: Sequence[bool], rows: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Give each churner's mean over the stayers among these rows, and each stayer's over the churners."""
    churners, stayers = [i for i in rows if label[i]], [i for i in rows if not label[i]]
    return (
        [fmean(win(v, churner, stayer) for stayer in stayers) for churner in churners],
        [fmean(win(v, churner, stayer) for churner in churners) for stayer in stayers],
    )


def mean_and_interval(win: Win, label: Sequence[bool], fold: Sequence[int]) -> tuple[float, float, float]:
    """Return the mean over the folds and its interval.

    The first part of the variance: each fold's, given its model, over the square of their number. The
    second: for each pair of folds the variance of the difference of their influence curves on the
    customers of the other folds, by class over the class's size in all folds; of these the mean, times
    (k - 1) / 2.
    """
    k, everyone = max(fold) + 1, range(len(label))
    values, judging, shaping = [], 0.0, []
    for v in range(k):
        churners, stayers = influence(win, v, label, [i for i in everyone if fold[i] == v])
        values.append(fmean(churners))
        judging += (variance(churners) / len(churners) + variance(stayers) / len(stayers)) / k**2
    sizes = sum(label), len(label) - sum(label)
    for v, w in combinations(range(k), 2):
        others = [i for i in everyone if fold[i] not in {v, w}]
        pairs = zip(influence(win, v, label, others), influence(win, w, label, others), strict=True)
        shaping.append(
            sum(
                pvariance([a - b for a, b in zip(*pair, strict=True)]) / size
                for pair, size in zip(pairs, sizes, strict=True)
            )
        )
    half_width = NormalDist().inv_cdf(0.975) * (judging + (k - 1) / 2 * fmean(shaping)) ** 0.5
    return fmean(values), fmean(values) - half_width, fmean(values) + half_width
