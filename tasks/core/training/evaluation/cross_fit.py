"""Repeat the whole recipe in every outer fold: each customer is judged by a model that has not seen it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
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
from tasks.core.training.metrics.cross_fitted import mean_difference, mean_roc_auc, roc_auc_by_fold
from tasks.core.training.network.calibration import rounded_probability
from tasks.core.training.network.ensemble import Network, train_network


@dataclass(frozen=True, kw_only=True)
class FoldScores:
    """What one fold's models say of all customers, in the order of the split's hash.

    Probabilities are (N,) float64: the candidate's, its teacher's (None if it has none) and each
    baseline's. The customers that the fold does not hold out are known to its models.
    """

    candidate: Floats
    teacher: Floats | None
    baselines: dict[str, Floats]


def fit_fold(
    parts: Parts, ordered: pd.DataFrame, config: TrainConfig, *, checkpoints: Path, resume: bool
) -> FoldScores:
    """Fit network and baselines without the fold's holdout, then score all customers.

    Args:
        parts: The fold's parts.
        ordered: (N, *) all customers.
        config: The candidate's own.
        checkpoints: Folder for this fold only.
        resume: As for `train_network`.

    Raises:
        ConfigError: as for `train_network`.
        ExtractError: as for `train_network`.
    """
    spec = fit_spec(parts.training, config.encoding)
    network = train_network(
        parts,
        spec,
        config.fit,
        checkpoints=checkpoints,
        resume=resume,
    )
    return score_fold(ordered, network, spec, fit_baselines(parts.training, parts.validation))


def score_fold(
    ordered: pd.DataFrame, network: Network, spec: Spec, baselines: Mapping[str, Baseline]
) -> FoldScores:
    """Score all customers by the models of one fold."""
    matrix = encode(ordered, spec)
    return FoldScores(
        candidate=rounded_probability(network.model, network.platt, matrix),
        teacher=None
        if network.student is None
        else rounded_probability(network.teacher, network.platt, matrix),
        baselines={name: baseline.probability(ordered) for name, baseline in baselines.items()},
    )


def compare_folds(
    ordered: pd.DataFrame, fold: npt.NDArray[np.intp], scores: Sequence[FoldScores]
) -> CrossFit:
    """Compare the candidate with its teacher and the baselines.

    Args:
        ordered: (N, *) all customers with their outcome.
        fold: (N,) the fold that holds out each, from 0.
        scores: Those of each fold's models, at least three.
    """
    label: Bools = (ordered[TARGET] == POSITIVE).to_numpy()
    candidate = np.stack([each.candidate for each in scores])
    ours = roc_auc_by_fold(candidate, label, fold)

    def compared(of: Callable[[FoldScores], Floats]) -> ComparedOnFolds:
        other = np.stack([of(each) for each in scores])
        return ComparedOnFolds(
            roc_auc=mean_roc_auc(other, label, fold),
            difference=mean_difference(candidate, other, label, fold),
            by_fold=tuple((ours - roc_auc_by_fold(other, label, fold)).tolist()),
        )

    def taught(each: FoldScores) -> Floats:
        assert each.teacher is not None
        return each.teacher

    def simple(name: str) -> Callable[[FoldScores], Floats]:
        return lambda each: each.baselines[name]

    return CrossFit(
        folds=len(scores),
        roc_auc=mean_roc_auc(candidate, label, fold),
        teacher=None if scores[0].teacher is None else compared(taught),
        baselines={name: compared(simple(name)) for name in scores[0].baselines},
    )
