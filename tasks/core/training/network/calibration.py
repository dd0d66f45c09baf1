"""Calibrate logits to probabilities, and fit cut points to probabilities."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from scipy.special import expit
from torch import nn

from schemas.scores import PROBABILITY_DECIMALS
from tasks.core.training.network.mlp import predict_logits

HIGH_RISK_SHARE: Final = 0.2
"""Share of customers in the high risk band: the first two deciles."""

MEDIUM_RISK_SHARE: Final = 0.5
"""Share of customers in the high and medium risk bands: the first five deciles."""


@dataclass(frozen=True, kw_only=True)
class Platt:
    """Calibrated probability = sigmoid(slope * logit + intercept)."""

    slope: float
    intercept: float


@dataclass(frozen=True, kw_only=True)
class RiskBands:
    """Lowest probability of the high and of the medium band; the low band is below."""

    high_from: float
    medium_from: float


def fit_platt(logits: npt.NDArray[np.floating], label: npt.NDArray[np.bool_]) -> Platt:
    """Fit slope and intercept by unweighted log loss, which also undoes the shift of weighted training.

    Labels are smoothed by one pseudo-customer per class, so the fit is finite even if the logits
    separate the classes.

    Args:
        logits: (N,) of customers the model was not fitted to, N >= 1.
        label: (N,) whether the customer churned.

    Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines"; objective and gradient
    as in Lin, Lin & Weng 2007, "A Note on Platt's Probabilistic Outputs".
    """
    z = logits.astype(np.float64)
    churners, stayers = int(label.sum()), int((~label).sum())
    target = np.where(label, (churners + 1) / (churners + 2), 1 / (stayers + 2))
    inputs = np.column_stack([z, np.ones_like(z)])

    def loss_and_gradient(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        shifted = inputs @ weights
        loss = float(np.mean(np.logaddexp(0, shifted) - target * shifted))
        return loss, inputs.T @ (expit(shifted) - target) / len(z)

    found = minimize(
        loss_and_gradient, x0=np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    slope, intercept = found.x
    return Platt(slope=float(slope), intercept=float(intercept))


def calibrated_probability(
    model: nn.Module, platt: Platt, matrix: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Compute with torch what the exported graph must compute.

    Args:
        model: The fitted network.
        platt: Its calibration.
        matrix: (N, F) float32 encoded customers.

    Returns:
        (N,) float32 churn probabilities.
    """
    logits = predict_logits(model, torch.tensor(matrix))
    probability: npt.NDArray[np.float32] = torch.sigmoid(logits * platt.slope + platt.intercept).numpy()
    return probability


def rounded_probability(
    model: nn.Module, platt: Platt, matrix: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Compute (N,) float64 churn probabilities of (N, F) encoded customers, rounded like scores."""
    exact = calibrated_probability(model, platt, matrix).astype(np.float64)
    return np.round(exact, PROBABILITY_DECIMALS)


def best_f1_threshold(probability: npt.NDArray[np.floating], label: npt.NDArray[np.bool_]) -> float:
    """Find the threshold with the highest F1; customers at or above it are flagged.

    It is halfway between the lowest flagged probability and the next one below (or 0), so rounding
    in another runtime flips no flag. Of several best thresholds, the highest is chosen.

    Args:
        probability: (N,) of customers the model was not fitted to, N >= 1.
        label: (N,) whether the customer churned.
    """
    levels, group = np.unique(-probability.astype(np.float64), return_inverse=True)
    levels = -levels  # descending
    hits = np.cumsum(np.bincount(group, weights=label))
    flagged = np.cumsum(np.bincount(group))
    f1 = 2 * hits / (flagged + label.sum())
    best = int(np.argmax(f1))
    below = levels[best + 1] if best + 1 < len(levels) else 0.0
    return float((levels[best] + below) / 2)


def decile_cuts(probability: npt.NDArray[np.floating]) -> tuple[float, ...]:
    """Return the lowest probabilities of deciles 1 (highest risk) to 9, descending.

    Args:
        probability: (N,) of customers the model was not fitted to, N >= 1.
    """
    shares = np.arange(9, 0, -1) / 10
    return tuple(np.quantile(probability.astype(np.float64), shares).tolist())


def risk_bands(probability: npt.NDArray[np.floating]) -> RiskBands:
    """Cut customers into high, medium and low risk.

    Args:
        probability: (N,) of customers the model was not fitted to, N >= 1.
    """
    high, medium = np.quantile(
        probability.astype(np.float64), (1 - HIGH_RISK_SHARE, 1 - MEDIUM_RISK_SHARE)
    ).tolist()
    return RiskBands(high_from=high, medium_from=medium)
