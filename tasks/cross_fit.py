"""Fit what only the evaluation needs, in processes beside the candidate's training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from schemas.preprocessing import Spec
from tasks.core.steps import log, step
from tasks.core.training.arrays import Floats
from tasks.core.training.data.split import Split
from tasks.core.training.evaluation.baselines import Baseline
from tasks.core.training.evaluation.beside import beside
from tasks.core.training.evaluation.cross_fit import FoldScores, score_fold
from tasks.core.training.evaluation.side_fits import OWN, SideFits, SideResults, collect, side_fits
from tasks.core.training.network.ensemble import Network
from tasks.core.training_run import Run


@dataclass(frozen=True, kw_only=True)
class Started:
    """Side fits that run, and what each finds as it ends."""

    side: SideFits
    ended: Iterator[tuple[str, FoldScores | Floats]]


@contextmanager
def start_side_fits(customers: pd.DataFrame, parts: Split, run: Run) -> Iterator[Started]:
    """Start the outer folds and the refit without protected attributes; leaving the block stops them."""
    side = side_fits(customers, parts, run)
    if side.fits:
        log.info("beside the candidate, for its evaluation: %s", ", ".join(side.fits))
    with beside(side.fits) as ended:
        yield Started(side=side, ended=ended)


@step("cross-fit")
def cross_fit(
    started: Started, parts: Split, network: Network, spec: Spec, baselines: Mapping[str, Baseline]
) -> SideResults:
    """Wait for the side fits, and compare the recipe with the baselines over all folds."""
    side = started.side
    found: dict[str, FoldScores | Floats] = {}
    for name, result in started.ended:
        found[name] = result
        log.info("%s: fitted (%d of %d side fits)", name, len(found), len(side.fits))
    if OWN in side.names:
        found[OWN] = score_fold(parts.holdout, network, spec, baselines)
    return collect(side, found)
