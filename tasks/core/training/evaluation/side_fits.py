"""The fits that only the evaluation needs: the outer folds, and the refit without protected attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID
from schemas.config import TrainConfig
from schemas.reports import CrossFit
from tasks.core.training.arrays import Floats
from tasks.core.training.data.split import Parts, Split, fold_numbers, fold_parts, order_by_hash
from tasks.core.training.evaluation.cross_fit import FoldScores, compare_folds, fit_fold
from tasks.core.training.evaluation.protected import refit_without
from tasks.core.training_run import Run

WITHOUT_PROTECTED = "the refit without protected attributes"
OWN = "the candidate's own fold"
"""A fold with the candidate's own split needs no fit: its model would be the candidate."""


@dataclass(frozen=True, kw_only=True)
class SideFits:
    """What is fitted beside the candidate.

    `ordered` are all customers in the order of the split's hash, and `fold` (N,) the fold that holds out
    each. `names` has a name for every fold; `fits` gives each name's function, but for `OWN`.
    """

    ordered: pd.DataFrame
    fold: npt.NDArray[np.intp]
    names: tuple[str, ...]
    fits: Mapping[str, Callable[[], FoldScores | Floats]]


@dataclass(frozen=True, kw_only=True)
class SideResults:
    """What came of the side fits; None for those that the settings switch off."""

    cross_fit: CrossFit | None
    without_protected: Floats | None


def side_fits(customers: pd.DataFrame, parts: Split, run: Run) -> SideFits:
    """List the fits, the longest first.

    Args:
        customers: (N, *) all accepted customers with their outcome.
        parts: The candidate's own split of them.
        run: Settings, and folders for checkpoints.

    Raises:
        ExtractError: A class has too few customers for the folds.
    """
    config, resume = run.order.config, run.resumed
    count = config.evaluation.folds
    ordered = order_by_hash(customers, config.split)
    fold = fold_numbers(ordered, count) if count else np.empty(0, dtype=np.intp)
    names = []
    fits: dict[str, Callable[[], FoldScores | Floats]] = {}
    for i in range(count):
        of_fold = fold_parts(ordered, fold, i, config.split)
        names.append(OWN if _same(of_fold, parts) else f"fold {i + 1} of {count}")
        if names[i] != OWN:
            fits[names[i]] = partial(
                fit_fold, of_fold, ordered, config, checkpoints=run.fold(i + 1), resume=resume
            )
    if config.encoding.protected_attributes:
        fits[WITHOUT_PROTECTED] = partial(
            _without_protected, parts, config, checkpoints=run.without_protected, resume=resume
        )
    return SideFits(ordered=ordered, fold=fold, names=tuple(names), fits=fits)


def collect(fits: SideFits, found: Mapping[str, FoldScores | Floats]) -> SideResults:
    """Combine what was found, whatever the order in which the fits ended; `found` has `OWN`, too."""
    scores = [each for name in fits.names if isinstance(each := found[name], FoldScores)]
    without = found.get(WITHOUT_PROTECTED)
    return SideResults(
        cross_fit=compare_folds(fits.ordered, fits.fold, scores) if scores else None,
        without_protected=None if isinstance(without, FoldScores) else without,
    )


def _same(fold: Parts, parts: Parts) -> bool:
    names = ("training", "validation", "holdout")
    return all(getattr(fold, name)[ID].equals(getattr(parts, name)[ID]) for name in names)


def _without_protected(parts: Parts, config: TrainConfig, *, checkpoints: Path, resume: bool) -> Floats:
    return refit_without(parts, config, checkpoints=checkpoints, resume=resume).probability(parts.holdout)
