"""Train and calibrate the network on encoded parts: everything between the split and the export."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from schemas.columns import POSITIVE, TARGET
from schemas.config import FitConfig
from schemas.preprocessing import Spec
from schemas.reports import TrainingReport
from tasks.core.preprocessing import encode
from tasks.core.training.calibration import Platt, fit_platt
from tasks.core.training.epoch_log import EpochLog
from tasks.core.training.fit import fit
from tasks.core.training.model import Mlp, predict_logits
from tasks.core.training.split import Split


@dataclass(frozen=True, kw_only=True)
class Network:
    """A fitted, calibrated network and how its training went."""

    model: Mlp
    platt: Platt
    report: TrainingReport


def train_network(
    parts: Split,
    spec: Spec,
    config: FitConfig,
    *,
    checkpoints: Path,
    on_epoch: Callable[[EpochLog], None],
    resume: bool,
) -> Network:
    """Fit on the training part, stop and calibrate on the validation part; the holdout is not touched.

    Raises:
        ConfigError: the loss is not finite, or the checkpoint is damaged or of another training.
    """
    x_train, y_train = _encode(parts.training, spec)
    x_validation, y_validation = _encode(parts.validation, spec)
    fitted = fit(
        x_train,
        y_train,
        x_validation,
        y_validation,
        config,
        checkpoints=checkpoints,
        on_epoch=on_epoch,
        resume=resume,
    )
    logits = predict_logits(fitted.model, torch.from_numpy(x_validation)).numpy()
    return Network(
        model=fitted.model,
        platt=fit_platt(logits, y_validation),
        report=TrainingReport(
            training_customers=len(parts.training),
            validation_customers=len(parts.validation),
            holdout_customers=len(parts.holdout),
            epochs=fitted.epochs,
            best_epoch=fitted.best_epoch,
            inputs=len(spec.feature_names),
            parameters=sum(weights.numel() for weights in fitted.model.parameters()),
        ),
    )


def _encode(part: pd.DataFrame, spec: Spec) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    return encode(part, spec), (part[TARGET] == POSITIVE).to_numpy()
