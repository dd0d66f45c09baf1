"""ROC-AUC and the difference between two of them on the same customers, with intervals."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from schemas.measures import Measure
from schemas.reports import PairedDifference
from tasks.core.intervals import Z_95
from tasks.core.training.arrays import Bools, Floats

Scores = npt.NDArray[np.floating]

Influence = tuple[Floats, Floats]
"""What each churner and each stayer contributes to a ROC-AUC; the mean of either is the ROC-AUC."""


def paired_difference(candidate: Scores, other: Scores, label: Bools) -> PairedDifference:
    """Compute ROC-AUC of the candidate minus the other's, with DeLong's 95 % interval.

    Args:
        candidate: (N,) probabilities or any scores that rise with churn.
        other: (N,) scores of the other model for the same customers, in the same order.
        label: (N,) whether the customer churned.

    Returns:
        The difference; None unless there are both churners and stayers, and no interval with fewer
        than two of either.

    Source: DeLong, DeLong & Clarke-Pearson 1988; the fast algorithm by midranks of Sun & Xu 2014.
    """
    return mean_difference([(candidate, other, label)])


def mean_difference(folds: Sequence[tuple[Scores, Scores, Bools]]) -> PairedDifference:
    """Average the difference over folds, each scored by models that have not seen its customers.

    The interval holds for the mean difference of the fitted models on fresh customers: the variance of the
    mean is the sum of the folds' variances, by influence curves, over the square of their number.
    docs/model.md has the simulation that chose it.

    Args:
        folds: (candidate, other, label) of each, as for `paired_difference`.

    Source: LeDell, Petersen & van der Laan 2015, "Computationally efficient confidence intervals for
    cross-validated area under the ROC curve estimates".
    """
    found = []
    for candidate, other, label in folds:
        ours, theirs = influence(candidate, label), influence(other, label)
        found.append((ours[0] - theirs[0], ours[1] - theirs[1]))
    return PairedDifference(customers=sum(len(label) for *_, label in folds), roc_auc=_mean(found))


def mean_roc_auc(folds: Sequence[tuple[Scores, Bools]]) -> Measure:
    """Average ROC-AUC over folds of (scores, label), (N,) each, with the interval of `mean_difference`."""
    return _mean([influence(scores, label) for scores, label in folds])


def _mean(folds: Sequence[Influence]) -> Measure:
    sizes = [len(each) for fold in folds for each in fold]
    if min(sizes) == 0:
        return Measure(value=None, low=None, high=None)
    value = float(np.mean([of_churners.mean() for of_churners, _ in folds]))
    if min(sizes) == 1:
        return Measure(value=value, low=None, high=None)
    variance = sum(each.var(ddof=1) / len(each) for fold in folds for each in fold) / len(folds) ** 2
    half_width = Z_95 * math.sqrt(variance)
    return Measure(value=value, low=value - half_width, high=value + half_width)


def influence(scores: Scores, label: Bools) -> Influence:
    """Compute each churner's share of stayers below it, and each stayer's share of churners above it.

    Both are empty unless there are churners and stayers.
    """
    of_churners, of_stayers = scores[label], scores[~label]
    if not (len(of_churners) and len(of_stayers)):
        return np.empty(0), np.empty(0)
    among_all = rankdata(scores)
    below = (among_all[label] - rankdata(of_churners)) / len(of_stayers)
    above = 1 - (among_all[~label] - rankdata(of_stayers)) / len(of_churners)
    return below, above
