"""The difference between two ROC-AUCs on the same customers, with its interval."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from schemas.measures import Measure
from schemas.reports import PairedDifference
from tasks.core.intervals import Z_95


def paired_difference(
    candidate: npt.NDArray[np.floating], other: npt.NDArray[np.floating], label: npt.NDArray[np.bool_]
) -> PairedDifference:
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
    churners, stayers = int(label.sum()), int((~label).sum())
    if churners == 0 or stayers == 0:
        measure = Measure(value=None, low=None, high=None)
        return PairedDifference(customers=len(label), roc_auc=measure)
    churner_parts, stayer_parts = zip(*(components(s, label) for s in (candidate, other)), strict=True)
    by_churner = churner_parts[0] - churner_parts[1]
    by_stayer = stayer_parts[0] - stayer_parts[1]
    value = float(by_churner.mean())
    low = high = None
    if churners > 1 and stayers > 1:
        variance = by_churner.var(ddof=1) / churners + by_stayer.var(ddof=1) / stayers
        half_width = Z_95 * math.sqrt(variance)
        low, high = value - half_width, value + half_width
    return PairedDifference(customers=len(label), roc_auc=Measure(value=value, low=low, high=high))


def components(
    scores: npt.NDArray[np.floating], label: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute each churner's share of stayers below it, and each stayer's share of churners above it.

    The mean of either is the ROC-AUC. There must be customers of both classes.
    """
    among_all = rankdata(scores)
    of_churners, of_stayers = scores[label], scores[~label]
    below = (among_all[label] - rankdata(of_churners)) / len(of_stayers)
    above = 1 - (among_all[~label] - rankdata(of_stayers)) / len(of_churners)
    return below, above
