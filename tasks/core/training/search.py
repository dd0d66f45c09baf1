"""Hyper-parameter search: seeded, pruned, resumable after a kill, and judged on validation only."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
import pandas as pd
import torch
from optuna.trial import FixedTrial, Trial, TrialState

from schemas.columns import POSITIVE, TARGET
from schemas.config import TrainConfig
from tasks.core.bundle.encoder import encode
from tasks.core.errors import ConfigError
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Split
from tasks.core.training.metrics.ranking import Ranking
from tasks.core.training.network.ensemble import train_network
from tasks.core.training.network.epoch_log import EpochLog
from tasks.core.training.network.mlp import predict_logits
from tasks.core.training.network.stopping_folds import stopping_folds

STUDY: Final = "study.sqlite3"

RANDOM_TRIALS: Final = 10
"""Random trials before TPE starts; the first uses the configuration's own values."""

SPARED_TRIALS, SPARED_EPOCHS = 5, 10
"""The first trials, and the first epochs of every trial, are not pruned."""

SINGLE_STOPS_ON: Final = 5
"""Folds in the training part; a single network is stopped on one and trained on the others."""

CHOICES: Final = {
    "batch_size": (64, 128, 256, 512),
    "class_weighting": ("none", "sqrt", "balanced"),
    "members": (1, 5),
}
"""Hyper-parameters that are chosen from a list."""

_FINISHED: Final = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, kw_only=True)
class TrialLog:
    """A finished trial, counted from 1, and the best ROC-AUC so far; a pruned one has no ROC-AUC."""

    number: int
    parameters: dict[str, Any]
    roc_auc: float | None
    best_roc_auc: float | None


def search_settings(
    parts: Split,
    config: TrainConfig,
    *,
    trials: int,
    folder: Path,
    on_trial: Callable[[TrialLog], None],
) -> TrainConfig:
    """Run the trials that are missing; return the configuration with the values of the best one.

    A trial is trained on the training part only, with its networks stopped on folds of it, and judged
    by ROC-AUC on the validation part; the holdout is not used. Trials run one after another, each with
    a sampler seeded by its number, so a search that was killed and resumed has the same trials as an
    uninterrupted one: the trial that was running is repeated.

    Args:
        parts: Training and validation are used.
        config: Everything that is not searched, and the first trial's values.
        trials: Total number, completed and pruned.
        folder: Folder for the study; a study with the same customers and configuration is resumed.
        on_trial: Called after every trial, before it is stored.

    Raises:
        ConfigError: No trial completed.
        ExtractError: A class has fewer customers than there are folds.

    Source: Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization" (TPE).
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / STUDY}",
        study_name=_identity(parts, config),
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=SPARED_TRIALS, n_warmup_steps=SPARED_EPOCHS),
    )
    for killed in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(killed.number, state=TrialState.FAIL)
    inner = _inner_parts(parts)
    while (finished := len(study.get_trials(deepcopy=False, states=_FINISHED))) < trials:
        study.sampler = optuna.samplers.TPESampler(
            seed=(config.fit.seed * 1_000_003 + finished) % 2**32,
            n_startup_trials=RANDOM_TRIALS,
            constant_liar=False,
        )
        if finished == 0 and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial(_values(config))
        trial = study.ask()
        candidate = _draw(trial, config)
        try:
            roc_auc = _judge(trial, candidate, inner, folder / "trial")
        except (optuna.TrialPruned, ConfigError):  # here, a loss that is not finite only fails the trial
            roc_auc = None
        on_trial(_log(study, trial, finished + 1, roc_auc))
        study.tell(trial, roc_auc, TrialState.PRUNED if roc_auc is None else TrialState.COMPLETE)
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise ConfigError("search: no trial completed, because all losses diverged. Lower fit.learning_rate.")
    return _draw(FixedTrial(study.best_trial.params), config)


def _draw(trial: Trial | FixedTrial, config: TrainConfig) -> TrainConfig:
    """Draw a configuration from the search space in docs/model.md."""
    depth = trial.suggest_int("depth", 2, 4)
    drawn = {
        "hidden": tuple(trial.suggest_int(f"neurons_{i}", 8, 256, log=True) for i in range(1, depth + 1)),
        "dropout": trial.suggest_float("dropout", 0.0, 0.7),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 0.3, log=True),
        **{name: trial.suggest_categorical(name, choices) for name, choices in CHOICES.items()},
    }
    bins = trial.suggest_int("bins", 4, 64, log=True)
    return config.model_copy(
        update={
            "fit": config.fit.model_copy(update=drawn),
            "encoding": config.encoding.model_copy(update={"bins": bins}),
        }
    )


def _values(config: TrainConfig) -> dict[str, Any]:
    """Return a configuration as trial values; values outside the search space are drawn instead."""
    neurons = {f"neurons_{i}": neurons for i, neurons in enumerate(config.fit.hidden, start=1)}
    numbers = ("dropout", "learning_rate", "weight_decay")
    chosen = {name: getattr(config.fit, name) for name in CHOICES}
    return {
        "depth": len(config.fit.hidden),
        **neurons,
        **{name: getattr(config.fit, name) for name in numbers},
        **{name: value for name, value in chosen.items() if value in CHOICES[name]},
        "bins": config.encoding.bins,
    }


def _judge(trial: Trial, config: TrainConfig, inner: Split, checkpoints: Path) -> float:
    """Fit a candidate; the epochs of its first network decide whether it is pruned."""

    def on_epoch(member: int, log: EpochLog) -> None:
        if member == 1:
            trial.report(log.validation.roc_auc, log.epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    spec = fit_spec(inner.training, config.encoding)
    shutil.rmtree(checkpoints, ignore_errors=True)
    network = train_network(
        inner,
        spec,
        config.fit.model_copy(update={"student": "none"}),  # a student would only follow its teacher
        checkpoints=checkpoints,
        on_epoch=on_epoch,
        resume=False,
    )
    shutil.rmtree(checkpoints)
    logits = predict_logits(network.model, torch.from_numpy(encode(inner.holdout, spec))).numpy()
    label = (inner.holdout[TARGET] == POSITIVE).to_numpy()
    return float(Ranking.of(logits.astype(np.float64), label, np.ones((1, len(label)))).roc_auc()[0])


def _inner_parts(parts: Split) -> Split:
    """Split the training part for fitting and stopping; validation takes the place of the holdout."""
    empty = parts.validation.head(0)
    whole = Split(training=parts.training, validation=empty, holdout=parts.validation, cuts=parts.cuts)
    stop = stopping_folds(whole, SINGLE_STOPS_ON)[0]
    return Split(
        training=parts.training[~stop].reset_index(drop=True),
        validation=parts.training[stop].reset_index(drop=True),
        holdout=parts.validation,
        cuts=parts.cuts,
    )


def _log(study: optuna.Study, trial: Trial, number: int, roc_auc: float | None) -> TrialLog:
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    found = [value for value in (*(each.value for each in completed), roc_auc) if value is not None]
    return TrialLog(
        number=number, parameters=trial.params, roc_auc=roc_auc, best_roc_auc=max(found, default=None)
    )


def _identity(parts: Split, config: TrainConfig) -> str:
    """Name a study by a hash of everything that determines its trials."""
    digest = hashlib.sha256(config.model_dump_json().encode())
    for part in (parts.training, parts.validation):
        digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]
