from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.core.errors import ExtractError
from tasks.core.training.data.split import Split
from tasks.core.training.network.stopping_folds import stopping_folds


@pytest.mark.parametrize("members", [2, 5, 20])
def test_every_customer_is_held_back_once(encoded: Any, members: int) -> None:
    """Folds are disjoint, cover training and validation, and have equally many of each outcome."""
    folds = np.array(stopping_folds(encoded.parts, members))
    churned = np.concatenate([encoded.y_train, encoded.y_validation])

    assert folds.shape == (members, len(churned))
    assert (folds.sum(axis=0) == 1).all()
    for outcome in (churned, ~churned):
        assert np.ptp((folds & outcome).sum(axis=1)) <= 1


def test_a_single_network_is_stopped_on_validation(encoded: Any) -> None:
    """A single network is trained on the training part only."""
    (held_back,) = stopping_folds(encoded.parts, 1)

    assert np.flatnonzero(~held_back).tolist() == list(range(len(encoded.parts.training)))


def test_too_few_churners_are_the_senders_fault(encoded: Any) -> None:
    """A fold without a churner is refused, because it cannot be judged."""

    def few(part: pd.DataFrame, churners: int) -> pd.DataFrame:
        return pd.concat([part[part["Churn"] == "Yes"].head(churners), part[part["Churn"] == "No"]])

    parts = encoded.parts
    small = Split(
        training=few(parts.training, 3),
        validation=few(parts.validation, 1),
        holdout=parts.holdout,
        cuts=parts.cuts,
    )

    assert len(stopping_folds(small, 4)) == 4
    with pytest.raises(ExtractError, match="one outcome has only 4"):
        stopping_folds(small, 5)
