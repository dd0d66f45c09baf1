"""Logistic regressions: plain, with splines, with engineered features."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from schemas.columns import CATEGORIES, FEATURES
from tasks.core.training.data.split import Split
from tests.benchmarks.peers.peer import TRIALS, Floats, Judged, Peer, best_of, judged, label, log_uniform

SERVICES = (
    "PhoneService", "MultipleLines", "OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport",
    "StreamingTV", "StreamingMovies",
)  # fmt: skip
ENGINEERED = (
    "log_tenure", "log_total", "mean_charge", "rise", "services", "fibre_monthly", "cheque_monthly",
)  # fmt: skip


def frame(part: pd.DataFrame) -> pd.DataFrame:
    """Take the features; a blank TotalCharges is nothing charged yet."""
    return part[list(FEATURES)].assign(TotalCharges=part["TotalCharges"].fillna(0.0))


def engineered(part: pd.DataFrame) -> pd.DataFrame:
    """Add seven features that people of the trade make of these columns."""
    x = frame(part)
    monthly = x["Contract"] == "Month-to-month"
    mean_charge = x["TotalCharges"] / x["tenure"].clip(lower=1)
    return x.assign(
        log_tenure=np.log1p(x["tenure"]),
        log_total=np.log1p(x["TotalCharges"]),
        mean_charge=mean_charge,
        rise=x["MonthlyCharges"] - mean_charge,
        services=sum((x[column] == "Yes").astype(float) for column in SERVICES),
        fibre_monthly=(monthly & (x["InternetService"] == "Fiber optic")).astype(float),
        cheque_monthly=(monthly & (x["PaymentMethod"] == "Electronic check")).astype(float),
    )


def fit_one(
    split: Split,
    prepare: Callable[[pd.DataFrame], pd.DataFrame],
    numbers: object,
    c: float,
    *,
    refit: bool = False,
) -> tuple[Floats, Floats]:
    """Fit one regression; give the probabilities of validation and holdout.

    With `refit`, the holdout's are those of a regression fitted again, on both parts.
    """
    x = prepare(split.training)
    columns = ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), list(CATEGORIES)),
            ("numbers", numbers, [column for column in x if column not in CATEGORIES]),
        ]
    )
    model = make_pipeline(columns, LogisticRegression(C=c, max_iter=5_000)).fit(x, label(split.training))
    validation = model.predict_proba(prepare(split.validation))[:, 1]
    if refit:
        both = pd.concat([split.training, split.validation])
        model.fit(prepare(both), label(both))
    return validation, model.predict_proba(prepare(split.holdout))[:, 1]


def plain(split: Split, _seed: int) -> Judged:
    """Fit the brief's baseline."""
    return judged(split, *fit_one(split, frame, StandardScaler(), 1.0))


def splines(split: Split, seed: int, *, refit: bool = False) -> Judged:
    """Tune knots, degree and penalty."""

    def draw(rng: np.random.Generator) -> Callable[[], tuple[Floats, Floats]]:
        knots, degree = int(rng.integers(3, 11)), int(rng.integers(2, 4))
        c = log_uniform(rng, 1e-2, 1e2)
        numbers = make_pipeline(
            SplineTransformer(n_knots=knots, degree=degree, knots="quantile"), StandardScaler()
        )
        return lambda: fit_one(split, frame, numbers, c, refit=refit)

    return best_of(split, seed, draw)


def features(split: Split, seed: int) -> Judged:
    """Tune the penalty on engineered features."""

    def draw(rng: np.random.Generator) -> Callable[[], tuple[Floats, Floats]]:
        c = log_uniform(rng, 1e-2, 1e2)
        return lambda: fit_one(split, engineered, StandardScaler(), c)

    return best_of(split, seed, draw)


PEERS = (
    Peer(
        name="logistic regression",
        settings="one-hot categories, standardised numbers, C = 1; the brief's baseline",
        judge=plain,
    ),
    Peer(
        name="logistic regression + splines",
        settings=f"{TRIALS} trials: 3-10 quantile knots, degree 2-3, C log-uniform .01-100",
        judge=splines,
    ),
    Peer(
        name="logistic regression + splines, refitted",
        settings=f"as before, then fitted again on training and validation ({TRIALS} trials)",
        judge=partial(splines, refit=True),
    ),
    Peer(
        name="logistic regression + features",
        settings=f"{TRIALS} trials: C log-uniform .01-100; {', '.join(ENGINEERED)} added",
        judge=features,
    ),
)
