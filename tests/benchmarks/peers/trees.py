"""A decision tree and a random forest of scikit-learn."""

from collections.abc import Callable

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from schemas.columns import CATEGORIES
from tasks.core.training.data.split import Split
from tests.benchmarks.peers.linear import frame
from tests.benchmarks.peers.peer import TRIALS, Floats, Judged, Peer, best_of, label, log_uniform


def _tune(split: Split, seed: int, make: Callable[[np.random.Generator], object]) -> Judged:
    columns = ColumnTransformer(
        [("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(CATEGORIES))],
        remainder="passthrough",
    )
    x = columns.fit_transform(frame(split.training)).astype(np.float32)
    others = [columns.transform(frame(part)).astype(np.float32) for part in (split.validation, split.holdout)]

    def draw(rng: np.random.Generator) -> Callable[[], tuple[Floats, Floats]]:
        model = make(rng)

        def fit() -> tuple[Floats, Floats]:
            model.fit(x, label(split.training))
            validation, holdout = (model.predict_proba(part)[:, 1] for part in others)
            return validation, holdout

        return fit

    return best_of(split, seed, draw)


def tree(split: Split, seed: int) -> Judged:
    """Tune size and criterion of one tree."""
    return _tune(
        split,
        seed,
        lambda rng: DecisionTreeClassifier(
            max_depth=int(rng.integers(3, 11)),
            min_samples_leaf=round(log_uniform(rng, 5, 200)),
            criterion=str(rng.choice(["gini", "log_loss"])),
            random_state=seed,
        ),
    )


def forest(split: Split, seed: int) -> Judged:
    """Tune size and randomness of a forest."""
    return _tune(
        split,
        seed,
        lambda rng: RandomForestClassifier(
            n_estimators=100,
            max_depth=int(rng.integers(5, 21)),
            min_samples_leaf=round(log_uniform(rng, 3, 50)),
            max_features=float(rng.uniform(0.05, 0.3)),
            random_state=seed,
            n_jobs=1,
        ),
    )


PEERS = (
    Peer(
        name="decision tree",
        settings=f"{TRIALS} trials: depth 3-10, 5-200 customers a leaf, gini or log loss",
        judge=tree,
    ),
    Peer(
        name="random forest",
        settings=f"{TRIALS} trials: 100 trees, depth 5-20, 3-50 customers a leaf, 5-30 % of inputs a split",
        judge=forest,
    ),
)
