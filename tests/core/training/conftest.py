"""A small training: encoded parts of made-up customers, and one fit on them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from schemas.config import EncodingConfig, FitConfig, SplitConfig
from schemas.preprocessing import Spec
from tasks.core.bundle.encoder import encode
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Split, split_customers
from tasks.core.training.network.fit import Fitted, fit
from tasks.core.training.network.mlp import Ensemble, Mlp


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """The arguments of a fit, and the holdout."""

    spec: Spec
    parts: Split
    x_train: npt.NDArray[np.float32]
    y_train: npt.NDArray[np.bool_]
    x_validation: npt.NDArray[np.float32]
    y_validation: npt.NDArray[np.bool_]
    x_holdout: npt.NDArray[np.float32]
    y_holdout: npt.NDArray[np.bool_]

    @property
    def arguments(self) -> tuple[npt.NDArray[np.float32] | npt.NDArray[np.bool_], ...]:
        """The four arrays of a fit."""
        return self.x_train, self.y_train, self.x_validation, self.y_validation


def _encode_parts(customers: pd.DataFrame) -> Encoded:
    parts = split_customers(customers, SplitConfig())
    spec = fit_spec(parts.training, EncodingConfig())
    named = {"train": parts.training, "validation": parts.validation, "holdout": parts.holdout}
    x = {f"x_{name}": encode(part, spec) for name, part in named.items()}
    y = {f"y_{name}": (part["Churn"] == "Yes").to_numpy() for name, part in named.items()}
    return Encoded(spec=spec, parts=parts, **x, **y)


@pytest.fixture(scope="session")
def encode_parts() -> Callable[[pd.DataFrame], Encoded]:
    """Return a function that splits, fits a spec and encodes."""
    return _encode_parts


@pytest.fixture(scope="session")
def encoded(make_customers: Callable[..., pd.DataFrame]) -> Encoded:
    """Split and encode two thousand made-up customers."""
    return _encode_parts(make_customers(2_000, seed=1))


@pytest.fixture(scope="session")
def ensemble(fitted: Fitted) -> Ensemble:
    """Return the fitted network, and two that are only initialised."""
    torch.manual_seed(0)
    d_in = fitted.model.linears[0].in_features
    drawn = [Mlp(d_in=d_in, hidden=(16, 8), dropout=0.5) for _ in range(2)]
    return Ensemble([fitted.model, *drawn]).eval()


@pytest.fixture(scope="session")
def small_config() -> FitConfig:
    """Return the configuration of a network that is fitted quickly."""
    return FitConfig(hidden=(16, 8), max_epochs=8, patience=3, learning_rate=1e-2)


@pytest.fixture(scope="session")
def fitted(encoded: Encoded, small_config: FitConfig, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """The small network, fitted without interruption."""
    folder = tmp_path_factory.mktemp("fitted")
    return fit(*encoded.arguments, small_config, checkpoints=folder, on_epoch=lambda _: None)
