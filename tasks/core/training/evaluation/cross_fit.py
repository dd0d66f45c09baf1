"""Fit the whole recipe in every outer fold: each customer is judged by models that have not seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from schemas.columns import POSITIVE, TARGET
from schemas.config import TrainConfig
from schemas.preprocessing import Spec
from schemas.reports import ComparedOnFolds, CrossFit
from tasks.core.bundle.encoder import encode
from tasks.core.training.arrays import Bools, Floats
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Parts
from tasks.core.training.evaluation.baselines import Baseline, fit_baselines
from tasks.core.training.metrics.delong import mean_difference, mean_roc_auc
from tasks.core.training.network.calibration import rounded_probability
from tasks.core.training.network.ensemble import Network, train_network


@dataclass(frozen=True, kw_only=True)
class FoldScores:
    """What one fold's models say of the N customers that it holds out.

    Probabilities are (N,) float64, the network's rounded like scores: the candidate's, its teacher's (None if
    it has none) and each baseline's. `label` is (N,), whether the customer churned.
    """

    label: Bools
    candidate: Floats
    teacher: Floats | None
    baselines: dict[str, Floats]


def fit_fold(parts: Parts, config: TrainConfig, *, checkpoints: Path, resume: bool) -> FoldScores:
    """Fit network and baselines without the fold's holdout, then score it.

    Args:
        parts: The fold's parts.
        config: The candidate's own.
        checkpoints: Folder for this fold only.
        resume: As for `train_network`.

    Raises:
        ConfigError: as for `train_network`.
        ExtractError: as for `train_network`.
    """
    spec = fit_spec(parts.training, config.encoding)
    network = train_network(parts, spec, config.fit, checkpoints=checkpoints, resume=resume)
    return score_fold(parts.holdout, network, spec, fit_baselines(parts.training, parts.validation))


def score_fold(
    holdout: pd.DataFrame, network: Network, spec: Spec, baselines: Mapping[str, Baseline]
) -> FoldScores:
    """Score the customers that a fold holds out, (N, *) with their outcome, by the fold's models."""
    matrix = encode(holdout, spec)
    return FoldScores(
        label=(holdout[TARGET] == POSITIVE).to_numpy(),
        candidate=rounded_probability(network.model, network.platt, matrix),
        teacher=None
        if network.student is None
        else rounded_probability(network.teacher, network.platt, matrix),
        baselines={name: baseline.probability(holdout) for name, baseline in baselines.items()},
    )


def compare_folds(folds: Sequence[FoldScores]) -> CrossFit:
    """Compare the candidate with its teacher and the baselines over at least two folds."""
    taught = [fold.teacher for fold in folds if fold.teacher is not None]
    return CrossFit(
        folds=len(folds),
        roc_auc=mean_roc_auc([(fold.candidate, fold.label) for fold in folds]),
        teacher=_compared(folds, taught) if taught else None,
        baselines={
            name: _compared(folds, [fold.baselines[name] for fold in folds]) for name in folds[0].baselines
        },
    )


def _compared(folds: Sequence[FoldScores], others: Sequence[Floats]) -> ComparedOnFolds:
    pairs = [(fold.candidate, other, fold.label) for fold, other in zip(folds, others, strict=True)]
    by_fold = [mean_difference([pair]).roc_auc.value for pair in pairs]
    return ComparedOnFolds(
        roc_auc=mean_roc_auc([(other, label) for _, other, label in pairs]),
        difference=mean_difference(pairs),
        by_fold=tuple(value for value in by_fold if value is not None),
    )
