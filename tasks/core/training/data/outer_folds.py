"""Outer folds: each customer is held out once, while the whole recipe is fitted to the others."""

from typing import Final

import numpy as np
import pandas as pd

from schemas.columns import TARGET
from schemas.config import SplitConfig
from tasks.core.errors import ExtractError
from tasks.core.training.data.split import Parts, by_class, cut, order_by_hash

FEWEST_FOLDS: Final = 2
FEWEST_PER_FOLD: Final = 10
"""Customers of each class that a fold holds out at least."""


def outer_folds(frame: pd.DataFrame, config: SplitConfig, folds: int) -> list[Parts]:
    """Cut each class, in the order of u, into equal folds; each holds out one of them.

    Within each class the other customers, from the fold after it round to the one before it, are training and
    validation in the configured ratio, with one at least in either. With the default shares and five folds
    the last fold is the split itself.

    Args:
        frame: (N, *) accepted customers with their outcome; ids are distinct, and the order does not matter.
        config: Seed and shares.
        folds: `FEWEST_FOLDS` or more.

    Raises:
        ExtractError: A class has too few customers for so many folds.
    """
    ordered = order_by_hash(frame, config)
    ratio = config.training_share / (config.training_share + config.validation_share)
    part = np.full((folds, len(ordered)), 2, dtype=np.int8)
    for label, rows in by_class(ordered):
        if len(rows) < FEWEST_PER_FOLD * folds:
            raise ExtractError(
                f"column {TARGET!r}: {folds} folds need {FEWEST_PER_FOLD * folds} customers with {label!r};"
                f" got only {len(rows)}. Send an extract with more of them, or set evaluation.folds to"
                f" {_most_folds(len(rows))}."
            )
        cuts = [round(i / folds * len(rows)) for i in range(folds + 1)]
        for i in range(folds):
            others = np.concatenate([rows[cuts[i + 1] :], rows[: cuts[i]]])
            first = min(max(round(ratio * (1 - 1 / folds) * len(rows)), 1), len(others) - 1)
            part[i, others[:first]], part[i, others[first:]] = 0, 1
    return [cut(ordered, of_fold) for of_fold in part]


def _most_folds(customers: int) -> str:
    most = customers // FEWEST_PER_FOLD
    return f"{most} or less (0 for the holdout alone)" if most >= FEWEST_FOLDS else "0 (the holdout alone)"
