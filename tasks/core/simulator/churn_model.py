"""The true churn probability of a simulated customer, unknown to any model."""

from typing import Final

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES, TARGET
from tasks.core.simulator.choice import Codes, Features, Numbers, linear
from tasks.core.simulator.parameters import PARAMETERS

_MONTHS_A_YEAR: Final = 12


def add_tenure(features: Features, tenure: Codes) -> None:
    """Add the transformations of tenure, whole months of shape (N,), that the logits use."""
    features["years"] = tenure / _MONTHS_A_YEAR
    features["log_months"] = np.log1p(tenure.astype(np.float64))
    features["new"] = (tenure <= 1).astype(np.float64)
    features["first year"] = (tenure <= _MONTHS_A_YEAR).astype(np.float64)


def churn_probability(features: Features) -> Numbers:
    """Return the probability of churn, shape (N,)."""
    logit = linear(PARAMETERS.choices[TARGET].logits, features, len(features["years"]))[:, 0]
    return np.asarray(1 / (1 + np.exp(-logit)))


def true_probability(frame: pd.DataFrame) -> Numbers:
    """Return the true churn probability of simulated customers, shape (N,), in the frame's order.

    Args:
        frame: Customers as text, as `simulate` returns them; their outcome is ignored.
    """
    features: Features = {
        f"{column}={value}": np.asarray(frame[column] == value, dtype=np.float64)
        for column, values in CATEGORIES.items()
        for value in values
    }
    add_tenure(features, frame["tenure"].to_numpy().astype(np.int64))
    return churn_probability(features)
