"""Gradient boosting from its three packages, each with its own treatment of categories."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier, early_stopping
from xgboost import XGBClassifier

from schemas.columns import CATEGORIES
from tasks.core.training.data.split import Split
from tests.benchmarks.peers.linear import frame
from tests.benchmarks.peers.peer import TRIALS, Floats, Judged, Peer, best_of, label, log_uniform

ROUNDS = 2_000
PATIENCE = 50


def _categorical(part: pd.DataFrame) -> pd.DataFrame:
    x = frame(part)
    return x.assign(**{column: pd.Categorical(x[column], values) for column, values in CATEGORIES.items()})


def _tune(
    split: Split,
    seed: int,
    prepare: Callable[[pd.DataFrame], pd.DataFrame],
    fit: Callable[[np.random.Generator, pd.DataFrame, pd.DataFrame], object],
) -> Judged:
    x, *others = (prepare(part) for part in (split.training, split.validation, split.holdout))

    def draw(rng: np.random.Generator) -> Callable[[], tuple[Floats, Floats]]:
        def run() -> tuple[Floats, Floats]:
            model = fit(rng, x, others[0])
            validation, holdout = (model.predict_proba(part)[:, 1] for part in others)
            return validation, holdout

        return run

    return best_of(split, seed, draw)


def lightgbm(split: Split, seed: int) -> Judged:
    """Tune LightGBM."""

    def fit(rng: np.random.Generator, x: pd.DataFrame, validation: pd.DataFrame) -> object:
        model = LGBMClassifier(
            n_estimators=ROUNDS,
            learning_rate=log_uniform(rng, 0.01, 0.2),
            num_leaves=round(log_uniform(rng, 4, 64)),
            min_child_samples=round(log_uniform(rng, 5, 100)),
            subsample=float(rng.uniform(0.5, 1)),
            subsample_freq=1,
            colsample_bytree=float(rng.uniform(0.3, 1)),
            reg_lambda=log_uniform(rng, 1e-2, 30),
            random_state=seed,
            n_jobs=1,
            verbose=-1,
        )
        return model.fit(
            x,
            label(split.training),
            eval_X=validation,
            eval_y=label(split.validation),
            eval_metric="binary_logloss",
            callbacks=[early_stopping(PATIENCE, verbose=False)],
        )

    return _tune(split, seed, _categorical, fit)


def xgboost(split: Split, seed: int) -> Judged:
    """Tune XGBoost."""

    def fit(rng: np.random.Generator, x: pd.DataFrame, validation: pd.DataFrame) -> object:
        model = XGBClassifier(
            n_estimators=ROUNDS,
            learning_rate=log_uniform(rng, 0.01, 0.2),
            max_depth=int(rng.integers(2, 9)),
            min_child_weight=log_uniform(rng, 1, 30),
            subsample=float(rng.uniform(0.5, 1)),
            colsample_bytree=float(rng.uniform(0.3, 1)),
            reg_lambda=log_uniform(rng, 1e-2, 30),
            enable_categorical=True,
            tree_method="hist",
            eval_metric="logloss",
            early_stopping_rounds=PATIENCE,
            random_state=seed,
            n_jobs=1,
        )
        return model.fit(
            x, label(split.training), eval_set=[(validation, label(split.validation))], verbose=False
        )

    return _tune(split, seed, _categorical, fit)


def catboost(split: Split, seed: int) -> Judged:
    """Tune CatBoost."""

    def fit(rng: np.random.Generator, x: pd.DataFrame, validation: pd.DataFrame) -> object:
        model = CatBoostClassifier(
            iterations=ROUNDS,
            learning_rate=log_uniform(rng, 0.02, 0.2),
            depth=int(rng.integers(3, 8)),
            l2_leaf_reg=log_uniform(rng, 1, 30),
            random_strength=log_uniform(rng, 0.1, 10),
            bagging_temperature=float(rng.uniform(0, 1)),
            one_hot_max_size=5,
            cat_features=list(CATEGORIES),
            early_stopping_rounds=PATIENCE,
            random_seed=seed,
            thread_count=1,
            allow_writing_files=False,
            verbose=False,
        )
        return model.fit(x, label(split.training), eval_set=(validation, label(split.validation)))

    return _tune(split, seed, frame, fit)


_STOPPED = f"up to {ROUNDS:,} rounds, stopped {PATIENCE} after the lowest validation log loss"
PEERS = (
    Peer(
        name="LightGBM",
        settings=f"{TRIALS} trials: learning rate .01-.2, 4-64 leaves of 5-100 customers, rows 50-100 %, "
        f"inputs 30-100 %, L2 .01-30; own categories; {_STOPPED}",
        judge=lightgbm,
    ),
    Peer(
        name="XGBoost",
        settings=f"{TRIALS} trials: learning rate .01-.2, depth 2-8, child weight 1-30, rows 50-100 %, "
        f"inputs 30-100 %, L2 .01-30; own categories; {_STOPPED}",
        judge=xgboost,
    ),
    Peer(
        name="CatBoost",
        settings=f"{TRIALS} trials: learning rate .02-.2, depth 3-7, L2 1-30, random strength .1-10, "
        f"bagging temperature 0-1; own categories; {_STOPPED}",
        judge=catboost,
    ),
)
