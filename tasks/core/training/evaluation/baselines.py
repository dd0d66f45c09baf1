"""Simple models on the CRM's own columns, which the network must beat."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from schemas.baselines import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from schemas.columns import CATEGORIES, FEATURES, NUMBERS, POSITIVE, TARGET
from tasks.core.training.network.calibration import best_f1_threshold

_TREE_DEPTHS = (3, 4, 5, 6, 7, 8)
_TREE_LEAVES = (10, 25, 50, 100)  # minimum customers per leaf


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A fitted baseline with the threshold that has the best F1 on validation."""

    pipeline: Pipeline
    threshold: float

    def probability(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Compute churn probabilities of accepted customers: (N, *) to (N,) float64."""
        return _probability(self.pipeline, frame)


def fit_baselines(training: pd.DataFrame, validation: pd.DataFrame) -> dict[str, Baseline]:
    """Fit every baseline on training; validation selects the tree's size and all thresholds.

    Args:
        training: (N, *) accepted customers with their outcome.
        validation: (N, *) the same for other customers.

    Returns:
        Baselines by name: logistic regression, the same with splines, decision tree.
    """
    churned = (validation[TARGET] == POSITIVE).to_numpy()
    fitted = fit_regressions(training)
    fitted[DECISION_TREE] = _best_tree(training, validation, churned)
    return {
        name: Baseline(
            pipeline=pipeline,
            threshold=best_f1_threshold(_probability(pipeline, validation), churned),
        )
        for name, pipeline in fitted.items()
    }


def fit_regressions(training: pd.DataFrame) -> dict[str, Pipeline]:
    """Fit the two logistic regressions, by name, on (N, *) accepted customers with their outcome."""
    splines = make_pipeline(SplineTransformer(knots="quantile"), StandardScaler())
    return {
        name: _fit(make_pipeline(_columns(numbers), LogisticRegression(max_iter=5_000)), training)
        for name, numbers in {LOGISTIC_REGRESSION: StandardScaler(), SPLINES: splines}.items()
    }


def _best_tree(training: pd.DataFrame, validation: pd.DataFrame, churned: npt.NDArray[np.bool_]) -> Pipeline:
    """Fit trees of several sizes to the same inputs; keep the one of the highest ROC-AUC on validation."""
    columns = _columns("passthrough")
    x = columns.fit_transform(training[list(FEATURES)])
    x_validation = columns.transform(validation[list(FEATURES)])
    trees = [
        DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0).fit(
            x, (training[TARGET] == POSITIVE).to_numpy()
        )
        for depth in _TREE_DEPTHS
        for leaf in _TREE_LEAVES
    ]
    best = max(trees, key=lambda tree: roc_auc_score(churned, tree.predict_proba(x_validation)[:, 1]))
    return make_pipeline(columns, best)


def _columns(numbers: object) -> ColumnTransformer:
    """Combine one-hot categories and transformed numbers; a blank TotalCharges counts as 0."""
    filled = make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), numbers)
    return ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), list(CATEGORIES)),
            ("numbers", filled, list(NUMBERS)),
        ]
    )


def _fit(pipeline: Pipeline, training: pd.DataFrame) -> Pipeline:
    return pipeline.fit(training[list(FEATURES)], (training[TARGET] == POSITIVE).to_numpy())


def _probability(pipeline: Pipeline, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    probability: npt.NDArray[np.float64] = pipeline.predict_proba(frame[list(FEATURES)])[:, 1]
    return probability
