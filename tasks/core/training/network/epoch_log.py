"""A training run's metrics after each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from schemas.evidence import LearningCurve
from tasks.core.training.metrics.classification import confusion
from tasks.core.training.metrics.ranking import Ranking
from tasks.core.training.network.calibration import best_f1_threshold


@dataclass(frozen=True, kw_only=True)
class PartLog:
    """The averaged model on one part; F1 and recall at the epoch's best validation threshold."""

    loss: float
    roc_auc: float
    pr_auc: float
    f1: float
    recall: float


@dataclass(frozen=True, kw_only=True)
class EpochLog:
    """One epoch, counted from 1; the loss is weighted and computed without dropout."""

    epoch: int
    train: PartLog
    validation: PartLog
    learning_rate: float
    is_best: bool

    def curve_point(self) -> tuple[float, ...]:
        """Return the epoch's point of the learning curves, in the order of `LearningCurve`."""
        parts = (self.train, self.validation)
        return tuple(getattr(part, name) for name in ("loss", "roc_auc", "f1") for part in parts)


def learning_curve(points: Sequence[tuple[float, ...]]) -> LearningCurve:
    """Combine the points from all epochs (at least one), rounded to four decimals."""
    names = LearningCurve.model_fields
    columns = ([round(value, 4) for value in column] for column in zip(*points, strict=True))
    return LearningCurve.model_validate(dict(zip(names, columns, strict=True)))


LogitsAndLabels = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]


def judge_epoch(
    train: LogitsAndLabels,
    validation: LogitsAndLabels,
    *,
    epoch: int,
    losses: tuple[float, float],
    learning_rate: float,
    is_best: bool,
) -> EpochLog:
    """Compute an epoch's metrics from the logits and labels of both parts, each with both classes."""
    parts = [(expit(logits.astype(np.float64)), label) for logits, label in (train, validation)]
    threshold = best_f1_threshold(*parts[1])
    train_log, validation_log = (
        _judge(*part, loss=loss, threshold=threshold) for part, loss in zip(parts, losses, strict=True)
    )
    return EpochLog(
        epoch=epoch,
        train=train_log,
        validation=validation_log,
        learning_rate=learning_rate,
        is_best=is_best,
    )


def _judge(
    probability: npt.NDArray[np.float64], label: npt.NDArray[np.bool_], *, loss: float, threshold: float
) -> PartLog:
    ranking = Ranking.of(probability, label, np.ones((1, len(label))))
    counts = confusion(probability, label, threshold=threshold)
    wrong = counts.false_positive + counts.false_negative
    return PartLog(
        loss=loss,
        roc_auc=float(ranking.roc_auc()[0]),
        pr_auc=float(ranking.pr_auc()[0]),
        f1=2 * counts.true_positive / (2 * counts.true_positive + wrong),
        recall=counts.true_positive / (counts.true_positive + counts.false_negative),
    )
