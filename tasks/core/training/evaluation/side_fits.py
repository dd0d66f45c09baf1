"""The fits that only the evaluation needs: the outer folds, and the refit without protected attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from schemas.columns import ID
from schemas.config import TrainConfig
from schemas.reports import CrossFit
from tasks.core.training.arrays import Floats
from tasks.core.training.data.outer_folds import outer_folds
from tasks.core.training.data.split import Parts, Split
from tasks.core.training.evaluation.cross_fit import FoldScores, compare_folds, fit_fold
from tasks.core.training.evaluation.protected import refit_without
from tasks.core.training_run import Run

WITHOUT_PROTECTED = "the refit without protected attributes"
OWN = "the candidate's own fold"
"""A fold with the candidate's own split needs no fit: its model would be the candidate."""


@dataclass(frozen=True, kw_only=True)
class SideFits:
    """What is fitted beside the candidate.

    `names` has a name for every fold; `fits` gives each name's function, but for `OWN`.
    """

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
    names = []
    fits: dict[str, Callable[[], FoldScores | Floats]] = {}
    for i, fold in enumerate(outer_folds(customers, config.split, count) if count else (), start=1):
        name = OWN if _same(fold, parts) else f"fold {i} of {count}"
        names.append(name)
        if name != OWN:
            fits[name] = partial(fit_fold, fold, config, checkpoints=run.fold(i), resume=resume)
    if config.encoding.protected_attributes:
        fits[WITHOUT_PROTECTED] = partial(
            _without_protected, parts, config, checkpoints=run.without_protected, resume=resume
        )
    return SideFits(names=tuple(names), fits=fits)


def collect(fits: SideFits, found: Mapping[str, FoldScores | Floats]) -> SideResults:
    """Combine what was found, whatever the order in which the fits ended; `found` has `OWN`, too."""
    scores = [each for name in fits.names if isinstance(each := found[name], FoldScores)]
    without = found.get(WITHOUT_PROTECTED)
    return SideResults(
        cross_fit=compare_folds(scores) if scores else None,
        without_protected=None if isinstance(without, FoldScores) else without,
    )


def _same(fold: Parts, parts: Parts) -> bool:
    names = ("training", "validation", "holdout")
    return all(getattr(fold, name)[ID].equals(getattr(parts, name)[ID]) for name in names)


def _without_protected(parts: Parts, config: TrainConfig, *, checkpoints: Path, resume: bool) -> Floats:
    return refit_without(parts, config, checkpoints=checkpoints, resume=resume).probability(parts.holdout)
