"""ROC-AUC averaged over folds, each judged by a model that has not seen its customers, with an interval.

The interval holds for the mean ROC-AUC of the fitted models on fresh customers. n customers are in k folds;
fold v is judged by model v, fitted to the others. The variance of the mean has two parts:

1. The customers that judge. Given the models, the folds are independent: the sum of their variances over
   k^2, by influence curves (LeDell, Petersen & van der Laan 2015, "Computationally efficient confidence
   intervals for cross-validated area under the ROC curve estimates").
2. The covariance of the folds. Customer i judges the model that j has shaped, and j the one that i has; the
   first part counts this once, and it occurs twice. Let t^2 be the variance, over the customers that are
   judged, of what one customer of n changes in their influence curves if it shapes a model alone.
   - A model is shaped by (k - 1) n / k customers, each with weight k / ((k - 1) n): t^2 k / ((k - 1) n).
   - Models v and w differ by the 2 n / k customers of folds v and w: t^2 2 k / ((k - 1)^2 n). This is
     measured on the customers of the other folds, which are as well known to v as to w.
   - So the second part is (k - 1) / 2 times the variance of that difference, averaged over all pairs.

Assumed: i changes the influence of j as j changes that of i (else the second part is too large), and a model
is shaped by all other folds alike. A baseline is fitted to the training part only, three of four folds with
the default shares; its models differ by more, and the interval is somewhat too wide. docs/model.md has the
simulation that chose this interval, for 7,043 customers and five folds.
"""

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt

from schemas.measures import Measure
from schemas.reports import PairedDifference
from tasks.core.intervals import Z_95
from tasks.core.training.arrays import Bools, Floats
from tasks.core.training.metrics.delong import components

Folds = npt.NDArray[np.intp]
Influence = Callable[[int, Bools], tuple[Floats, Floats]]
"""Gives each churner's and each stayer's part of a fold's model among some customers."""


def mean_difference(candidate: Floats, other: Floats, label: Bools, fold: Folds) -> PairedDifference:
    """Compute the mean over k folds of ROC-AUC of the candidate minus the other's.

    Args:
        candidate: (k, N) scores that rise with churn: row v those of the model that has not seen the
            customers of fold v.
        other: (k, N) scores of the other models.
        label: (N,) whether the customer churned; each fold has at least two churners and two stayers.
        fold: (N,) the fold of each customer, from 0 to k - 1; k >= 3, as two folds leave no others.
    """

    def influence(v: int, rows: Bools) -> tuple[Floats, Floats]:
        ours, theirs = (components(scores[v, rows], label[rows]) for scores in (candidate, other))
        return ours[0] - theirs[0], ours[1] - theirs[1]

    return PairedDifference(customers=len(label), roc_auc=_mean(influence, label, fold))


def mean_roc_auc(scores: Floats, label: Bools, fold: Folds) -> Measure:
    """Compute the mean over folds of ROC-AUC; arguments as for `mean_difference`."""
    return _mean(lambda v, rows: components(scores[v, rows], label[rows]), label, fold)


def roc_auc_by_fold(scores: Floats, label: Bools, fold: Folds) -> Floats:
    """Compute each fold's ROC-AUC, (k,); arguments as for `mean_difference`."""
    return np.array(
        [components(scores[v, fold == v], label[fold == v])[0].mean() for v in range(len(scores))]
    )


def _mean(influence: Influence, label: Bools, fold: Folds) -> Measure:
    count = int(fold.max()) + 1
    judged = [influence(v, fold == v) for v in range(count)]
    value = float(np.mean([churners.mean() for churners, _ in judged]))
    variance = sum(_variance(*parts) for parts in judged) / count**2
    size = int(label.sum()), int((~label).sum())
    shaped = []
    for v, w in combinations(range(count), 2):
        others = (fold != v) & (fold != w)
        pair = zip(influence(v, others), influence(w, others), strict=True)
        shaped.append(sum((a - b).var() / n for (a, b), n in zip(pair, size, strict=True)))
    variance += (count - 1) / 2 * float(np.mean(shaped))
    half_width = Z_95 * math.sqrt(variance)
    return Measure(value=value, low=value - half_width, high=value + half_width)


def _variance(churners: Floats, stayers: Floats) -> float:
    """Compute the variance of a fold's ROC-AUC, given its model."""
    return float(churners.var(ddof=1) / len(churners) + stayers.var(ddof=1) / len(stayers))
