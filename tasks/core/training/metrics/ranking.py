"""ROC-AUC, average precision and lift from a single sort, for many row weightings at once."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from tasks.core.training.arrays import Bools, Floats


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Customers grouped by equal probability, highest first, under R row weightings.

    `positives` and `negatives` are the weights within each group, (R, G) float64; G groups.
    A metric is (R,) float64, NaN if undefined (no churners, or no stayers).
    """

    positives: Floats
    negatives: Floats

    @classmethod
    def of(cls, probability: Floats, label: Bools, weights: Floats) -> Self:
        """Sort N >= 1 customers once: probability (N,), label (N,), weights (R, N)."""
        order = np.argsort(-probability, kind="stable")
        ranked = probability[order]
        starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        weights = weights[:, order]
        positives = np.add.reduceat(weights * label[order], starts, axis=1)
        return cls(positives=positives, negatives=np.add.reduceat(weights, starts, axis=1) - positives)

    def roc_auc(self) -> Floats:
        """Compute the chance that a churner ranks above a stayer; a tie counts half."""
        above = np.cumsum(self.positives, axis=1) - self.positives / 2
        pairs = self.positives.sum(axis=1) * self.negatives.sum(axis=1)
        return _ratio((self.negatives * above).sum(axis=1), pairs)

    def pr_auc(self) -> Floats:
        """Compute average precision, the step-wise area under precision over recall."""
        found = np.cumsum(self.positives, axis=1)
        flagged = found + np.cumsum(self.negatives, axis=1)
        precision = found / np.where(flagged > 0, flagged, 1.0)
        return _ratio((self.positives * precision).sum(axis=1), found[:, -1])

    def top_decile_lift(self) -> Floats:
        """Compute the churn rate of the top tenth relative to everyone; ties share the last place."""
        found = np.cumsum(self.positives, axis=1)
        size = self.positives + self.negatives
        reached = np.cumsum(size, axis=1)
        tenth = reached[:, -1] / 10
        last = (reached < tenth[:, np.newaxis]).sum(axis=1)  # the group in which the tenth ends
        row = np.arange(len(last))
        surplus = (reached[row, last] - tenth) / size[row, last]
        return _ratio(10 * (found[row, last] - surplus * self.positives[row, last]), found[:, -1])


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    defined = denominator > 0
    return np.where(defined, numerator / np.where(defined, denominator, 1.0), np.nan)
