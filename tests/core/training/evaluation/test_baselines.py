from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from schemas.config import SplitConfig
from tasks.core.training.data.split import Split, split_customers
from tasks.core.training.evaluation.baselines import Baseline, fit_baselines
from tasks.core.training.network.calibration import best_f1_threshold

NAMES = ("logistic regression", "logistic regression with splines", "decision tree")


@pytest.fixture(scope="module")
def parts(make_customers: Callable[..., pd.DataFrame]) -> Split:
    """Split fifteen hundred made-up customers."""
    return split_customers(make_customers(1_500, seed=2), SplitConfig())


@pytest.fixture(scope="module")
def baselines(parts: Split) -> dict[str, Baseline]:
    """All baselines fitted on them."""
    return fit_baselines(parts.training, parts.validation)


@pytest.mark.parametrize("name", NAMES)
def test_baseline_ranks_unseen_customers(baselines: dict[str, Baseline], parts: Split, name: str) -> None:
    """Each baseline is a serious opponent, and its threshold is of best validation F1."""
    baseline = baselines[name]
    churned = (parts.holdout["Churn"] == "Yes").to_numpy()
    probability = baseline.probability(parts.holdout)

    assert probability.dtype == np.float64
    assert roc_auc_score(churned, probability) > 0.75
    assert baseline.threshold == best_f1_threshold(
        baseline.probability(parts.validation), (parts.validation["Churn"] == "Yes").to_numpy()
    )


def test_there_are_exactly_the_named_ones(baselines: dict[str, Baseline]) -> None:
    """Reports may rely on the names."""
    assert tuple(baselines) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_neither_id_nor_outcome_is_looked_at(baselines: dict[str, Baseline], parts: Split, name: str) -> None:
    """Without id and outcome, and with another index, the probabilities are the same."""
    bare = parts.holdout.drop(columns=["customerID", "Churn"]).set_index(pd.Index([1] * len(parts.holdout)))

    assert np.array_equal(baselines[name].probability(bare), baselines[name].probability(parts.holdout))


@pytest.mark.parametrize("name", NAMES)
def test_blanks_and_unseen_values_are_scored(baselines: dict[str, Baseline], parts: Split, name: str) -> None:
    """A blank TotalCharges counts as 0, and a value training did not meet gives a probability too."""
    blank = parts.holdout.assign(TotalCharges=np.nan, Contract="Weekly")
    nothing = parts.holdout.assign(TotalCharges=0.0, Contract="Weekly")

    assert np.array_equal(baselines[name].probability(blank), baselines[name].probability(nothing))
    assert np.isfinite(baselines[name].probability(blank)).all()


def test_fitting_twice_gives_the_same(baselines: dict[str, Baseline], parts: Split) -> None:
    """Fitting is deterministic."""
    again = fit_baselines(parts.training, parts.validation)

    for name in NAMES:
        assert np.array_equal(
            again[name].probability(parts.holdout), baselines[name].probability(parts.holdout)
        )


@pytest.mark.parametrize(("depth", "leaf"), [(3, 10), (3, 100), (5, 25), (8, 10), (8, 100)])
def test_tree_is_of_the_best_size(
    baselines: dict[str, Baseline], parts: Split, depth: int, leaf: int
) -> None:
    """No other size of the tree ranks the validation part better."""
    size = {"decisiontreeclassifier__max_depth": depth, "decisiontreeclassifier__min_samples_leaf": leaf}
    churned = {name: frame["Churn"] == "Yes" for name, frame in vars(parts).items() if name != "cuts"}
    other = clone(baselines["decision tree"].pipeline).set_params(**size)
    other.fit(parts.training, churned["training"])
    rivals = (
        baselines["decision tree"].probability(parts.validation),
        other.predict_proba(parts.validation)[:, 1],
    )
    chosen, rival = (roc_auc_score(churned["validation"], probability) for probability in rivals)

    assert chosen >= rival


def test_number_that_never_varied_is_survived(parts: Split) -> None:
    """A constant column does not stop a baseline."""
    flat = [part.assign(MonthlyCharges=50.0) for part in (parts.training, parts.validation)]

    for baseline in fit_baselines(*flat).values():
        assert np.isfinite(baseline.probability(flat[1])).all()
