"""Fit the network: seeded, single-threaded, resumable at every epoch, byte-identical every time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from schemas.config import FitConfig
from schemas.evidence import LearningCurve
from tasks.core.errors import ConfigError
from tasks.core.training.network.callbacks import EarlyStopping, ModelCheckpoint, check_identity, identity_of
from tasks.core.training.network.determinism import one_deterministic_thread
from tasks.core.training.network.epoch_log import EpochLog, judge_epoch, learning_curve
from tasks.core.training.network.mlp import Mlp, predict_logits
from tasks.core.training.network.moving_average import MovingAverage

BETAS = (0.9, 0.99)
"""Decay for AdamW's gradient moments. Source: docs/model.md."""

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The averaged model from the best epoch, in evaluation mode."""

    model: Mlp
    best_epoch: int
    epochs: int
    learning_curve: LearningCurve
    best_validation_loss: float


def fit(
    x_train: Matrix,
    y_train: Labels,
    x_validation: Matrix,
    y_validation: Labels,
    config: FitConfig,
    *,
    checkpoints: Path,
    on_epoch: Callable[[EpochLog], None],
    resume: bool = False,
) -> Fitted:
    """Fit by weighted log loss until the averaged model stops improving on validation.

    AdamW decays weights only, not biases. After every step the weights enter an exponential moving
    average, which is the model that is evaluated and kept. A run that is killed and resumed ends
    with the same weights as an uninterrupted one; `on_epoch` may then see an epoch twice.
    Torch's global random state, thread count and determinism setting are restored afterwards.

    Args:
        x_train: (N_train, F) float32, at least one row of each class.
        y_train: (N_train,) bool, whether the customer churned.
        x_validation: (N_validation, F) float32, at least one row of each class.
        y_validation: (N_validation,) bool.
        config: Network, optimiser and seed.
        checkpoints: Folder for `last.pt` and `best.pt`; both are deleted unless resuming.
        on_epoch: Called after every epoch, before the epoch's checkpoint is written.
        resume: Continue from `last.pt` if it exists, else start from the beginning.

    Raises:
        ConfigError: The loss is not finite, or the checkpoint is damaged or belongs to another run.
    """
    inputs = torch.tensor(x_train), torch.tensor(x_validation)  # copies: an array may be read-only
    labels = y_train, y_validation
    target = torch.tensor(y_train, dtype=torch.float32)
    churner_weight = _churner_weight(y_train, config)
    stopping = EarlyStopping(patience=config.patience)
    checkpoint = ModelCheckpoint(checkpoints)
    if not resume:
        checkpoint.clear()
    identity = identity_of(config.model_dump_json(), x_train, y_train, x_validation, y_validation)
    with one_deterministic_thread(config.seed):
        model = Mlp(d_in=x_train.shape[1], hidden=config.hidden, dropout=config.dropout)
        average = MovingAverage(model, config.ema_decay)
        optimizer = _optimizer(model, config)
        stateful = {"model": model, "average": average, "optimizer": optimizer, "stopping": stopping}
        epoch = 0
        history: list[tuple[float, ...]] = []
        if (state := checkpoint.restore(identity, stateful)) is not None:
            epoch, history = state["epoch"], state["history"]

        while epoch < config.max_epochs and not stopping.should_stop:
            epoch += 1
            for rows in torch.randperm(len(target)).split(config.batch_size):
                loss = binary_cross_entropy_with_logits(
                    model(inputs[0][rows]), target[rows], pos_weight=churner_weight
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                average.update()
            judged = [
                (predict_logits(average.model, x).numpy(), y) for x, y in zip(inputs, labels, strict=True)
            ]
            train_loss, validation_loss = (_loss(*part, churner_weight) for part in judged)
            if not math.isfinite(train_loss + validation_loss):
                raise ConfigError(
                    f"training: the loss diverged in epoch {epoch}. "
                    f"Lower fit.learning_rate ({config.learning_rate:g})."
                )
            is_best = stopping.update(epoch=epoch, loss=validation_loss)
            log = judge_epoch(
                *judged,
                epoch=epoch,
                losses=(train_loss, validation_loss),
                learning_rate=config.learning_rate,
                is_best=is_best,
            )
            history.append(log.curve_point())
            on_epoch(log)
            states = {name: part.state_dict() for name, part in stateful.items()}
            progress = {"epoch": epoch, "history": history, "random": torch.get_rng_state()}
            checkpoint.save({"identity": identity, **progress, **states}, is_best=is_best)

        best = checkpoint.load_best()
        check_identity(best, identity)
        average.load_state_dict(best["average"])
    return Fitted(
        model=average.model.eval(),
        best_epoch=stopping.best_epoch,
        epochs=epoch,
        learning_curve=learning_curve(history),
        best_validation_loss=stopping.best_loss,
    )


def _optimizer(model: Mlp, config: FitConfig) -> torch.optim.AdamW:
    weights = [layer.weight for layer in model.linears]
    biases = [layer.bias for layer in model.linears]
    groups: list[dict[str, Any]] = [
        {"params": weights, "weight_decay": config.weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=BETAS)


def _churner_weight(label: Labels, config: FitConfig) -> Tensor:
    ratio = float((~label).sum() / label.sum())
    weight = {"none": 1.0, "sqrt": math.sqrt(ratio), "balanced": ratio}[config.class_weighting]
    return torch.tensor(weight)


def _loss(logits: npt.NDArray[np.float32], label: Labels, churner_weight: Tensor) -> float:
    target = torch.tensor(label, dtype=torch.float32)
    return float(
        binary_cross_entropy_with_logits(torch.from_numpy(logits), target, pos_weight=churner_weight)
    )
