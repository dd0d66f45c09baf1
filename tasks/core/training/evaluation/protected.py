"""Measure the cost of leaving protected attributes out of the model."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from schemas.columns import PROTECTED
from schemas.config import TrainConfig
from schemas.measures import Measure
from schemas.preprocessing import Spec
from schemas.reports import ProtectedCost
from tasks.core.bundle.encoder import encode
from tasks.core.intervals import Z_95
from tasks.core.training.arrays import Bools, Floats
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Parts
from tasks.core.training.metrics.delong import paired_difference
from tasks.core.training.network.calibration import rounded_probability
from tasks.core.training.network.ensemble import Network, train_network


@dataclass(frozen=True, kw_only=True)
class Refit:
    """The model fitted again without protected attributes; evaluated, never exported."""

    network: Network
    spec: Spec

    def probability(self, frame: pd.DataFrame) -> Floats:
        """Compute churn probabilities of accepted customers, rounded like scores: (N, *) to (N,)."""
        return rounded_probability(self.network.model, self.network.platt, encode(frame, self.spec))


def refit_without(
    parts: Parts,
    config: TrainConfig,
    *,
    checkpoints: Path,
    resume: bool,
) -> Refit:
    """Fit the same configuration on the same parts, without gender and SeniorCitizen.

    Args:
        parts: Training and validation are used.
        config: The model's own; `encoding.protected_attributes` is ignored.
        checkpoints: Folder with one subfolder per member, for this fit only.
        resume: As for `train_network`.

    Raises:
        ConfigError: as for `train_network`.
    """
    spec = fit_spec(parts.training, config.encoding.model_copy(update={"protected_attributes": False}))
    network = train_network(
        parts,
        spec,
        config.fit,
        checkpoints=checkpoints,
        resume=resume,
    )
    return Refit(network=network, spec=spec)


def cost_of_leaving_out(candidate: Floats, refit: Floats, label: Bools) -> ProtectedCost:
    """Compare the candidate with the refit on the same customers.

    Args:
        candidate: (N,) probabilities with protected attributes.
        refit: (N,) probabilities without them.
        label: (N,) whether the customer churned.
    """
    return ProtectedCost(
        columns=PROTECTED,
        difference=paired_difference(candidate, refit, label),
        brier=_mean((candidate - label) ** 2 - (refit - label) ** 2),
    )


def _mean(differences: Floats) -> Measure:
    """Return a mean with its normal 95 % interval; a single customer has no interval."""
    value, n = float(differences.mean()), len(differences)
    if n == 1:
        return Measure(value=value, low=None, high=None)
    half_width = Z_95 * float(differences.std(ddof=1)) / n**0.5
    return Measure(value=value, low=value - half_width, high=value + half_width)
