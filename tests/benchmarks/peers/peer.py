"""What a model is to the benchmark: how it is set, and what it makes of one split."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from schemas.columns import POSITIVE, TARGET
from tasks.core.training.data.split import Split

TRIALS = 25
"""Random settings tried for every tuned peer; validation ROC-AUC chooses."""

DEFAULT = "default network"
"""Name of the model that all others are compared with: the student."""

TEACHER = "teacher"
"""Name of the five networks that the student is distilled from."""

PACKAGES = ("scikit-learn", "lightgbm", "xgboost-cpu", "catboost", "tabm", "pytabkit", "torch")
"""Packages whose versions decide the figures."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Logits of the customers that calibrate and cut, their outcome, and logits of the holdout."""

    calibration_logits: Floats
    calibration_label: npt.NDArray[np.bool_]
    holdout_logits: Floats
    rows_per_second: float | None = None


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A model with its settings, in words for the report; an unusual one is judged only if asked for."""

    name: str
    settings: str
    judge: Callable[[Split, int], Judged]
    usual: bool = True


def label(part: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell who churned."""
    return (part[TARGET] == POSITIVE).to_numpy()


def judged(split: Split, validation: Floats, holdout: Floats) -> Judged:
    """Turn a peer's probabilities into logits, as Platt scaling takes them."""
    smallest = 1e-7
    validation, holdout = (
        logit(np.clip(p.astype(np.float64), smallest, 1 - smallest)) for p in (validation, holdout)
    )
    return Judged(
        calibration_logits=validation, calibration_label=label(split.validation), holdout_logits=holdout
    )


def best_of(
    split: Split, seed: int, draw: Callable[[np.random.Generator], Callable[[], tuple[Floats, Floats]]]
) -> Judged:
    """Fit random settings and keep the one of the highest validation ROC-AUC.

    `draw` takes a generator and gives a function that fits one setting and returns the
    probabilities of validation and holdout.
    """
    rng = np.random.default_rng(seed)
    churned = label(split.validation)
    fitted: Iterator[tuple[Floats, Floats]] = (draw(rng)() for _ in range(TRIALS))
    return judged(split, *max(fitted, key=lambda found: roc_auc_score(churned, found[0])))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
