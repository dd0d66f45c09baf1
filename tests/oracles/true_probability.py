"""The true churn probability of simulated customers, from their cells alone."""

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES
from tasks.core.simulator.choice import Features, Numbers
from tasks.core.simulator.population import add_tenure, churn_probability


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
