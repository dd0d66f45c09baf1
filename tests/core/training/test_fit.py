import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from schemas.config import FitConfig
from tasks.core.errors import ConfigError
from tasks.core.training.calibration import Platt
from tasks.core.training.callbacks import ModelCheckpoint
from tasks.core.training.epoch_log import EpochLog
from tasks.core.training.fit import Fitted, fit
from tasks.core.training.model import predict_logits
from tasks.core.training.state import to_bytes

PLATT = Platt(slope=1.0, intercept=0.0)


class Killed(BaseException):
    """Stands for a process that is killed."""


def _bytes(fitted: Fitted) -> bytes:
    return to_bytes(fitted.model, PLATT)


def _ignore(_log: EpochLog) -> None:
    pass


def test_learns_to_rank_customers(encoded: Any, fitted: Fitted) -> None:
    """On held-out invented customers churners rank above the others."""
    logits = predict_logits(fitted.model, torch.tensor(encoded.x_holdout)).numpy()
    churners, stayers = logits[encoded.y_holdout], logits[~encoded.y_holdout]

    assert (churners[:, np.newaxis] > stayers).mean() > 0.75
    assert not fitted.model.training


def test_two_runs_give_the_same_bytes(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path
) -> None:
    """The same seed, data and configuration give the same weights, whatever was drawn before."""
    torch.rand(3)
    again = fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)

    assert _bytes(again) == _bytes(fitted)
    assert (again.best_epoch, again.epochs) == (fitted.best_epoch, fitted.epochs)


def test_another_seed_gives_other_weights(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path
) -> None:
    """The seed is used."""
    other = small_config.model_copy(update={"seed": 1})

    assert _bytes(fit(*encoded.arguments, other, checkpoints=tmp_path, on_epoch=_ignore)) != _bytes(fitted)


@pytest.mark.parametrize("kill_in_epoch", range(1, 9))
def test_killed_and_resumed_ends_with_the_same_weights(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path, kill_in_epoch: int
) -> None:
    """A training killed in any epoch and resumed ends as the uninterrupted one, byte by byte."""

    def die(log: EpochLog) -> None:
        if log.epoch == kill_in_epoch:
            raise Killed

    try:
        fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=die)
    except Killed:
        torch.manual_seed(99)
    seen: list[int] = []
    resumed = fit(
        *encoded.arguments,
        small_config,
        checkpoints=tmp_path,
        on_epoch=lambda log: seen.append(log.epoch),
        resume=True,
    )

    assert _bytes(resumed) == _bytes(fitted)
    assert (resumed.best_epoch, resumed.epochs) == (fitted.best_epoch, fitted.epochs)
    assert resumed.best_validation_loss == fitted.best_validation_loss
    assert seen == list(range(kill_in_epoch, fitted.epochs + 1))


def test_killed_between_best_and_last_ends_with_the_same_weights(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even between the two files of one epoch a kill changes nothing."""
    save = ModelCheckpoint.save

    def die(self: ModelCheckpoint, state: dict[str, Any], *, is_best: bool) -> None:
        if state["epoch"] == fitted.best_epoch:
            self.last = tmp_path / "lost.pt"
            save(self, state, is_best=is_best)
            raise Killed
        save(self, state, is_best=is_best)

    monkeypatch.setattr(ModelCheckpoint, "save", die)
    with pytest.raises(Killed):
        fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)
    monkeypatch.undo()
    resumed = fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore, resume=True)

    assert _bytes(resumed) == _bytes(fitted)


def test_resuming_a_finished_training_trains_no_more(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path
) -> None:
    """A finished training resumed gives its result at once."""
    fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)
    seen: list[EpochLog] = []
    resumed = fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=seen.append, resume=True)

    assert seen == []
    assert _bytes(resumed) == _bytes(fitted)


@pytest.mark.parametrize("change", ["config", "customers"])
def test_checkpoint_of_another_training_is_refused(
    encoded: Any, small_config: FitConfig, tmp_path: Path, change: str
) -> None:
    """Neither other settings nor other customers may go on from a checkpoint."""
    short = small_config.model_copy(update={"max_epochs": 1})
    fit(*encoded.arguments, short, checkpoints=tmp_path, on_epoch=_ignore)
    x_train, y_train, x_validation, y_validation = encoded.arguments
    if change == "config":
        short = small_config
    else:
        x_train = x_train + np.float32(1)

    with pytest.raises(ConfigError, match="of the same configuration and customers"):
        fit(
            x_train,
            y_train,
            x_validation,
            y_validation,
            short,
            checkpoints=tmp_path,
            on_epoch=_ignore,
            resume=True,
        )


def test_begun_anew_an_old_checkpoint_is_forgotten(
    encoded: Any, small_config: FitConfig, fitted: Fitted, tmp_path: Path
) -> None:
    """Without resuming, what lies in the folder has no influence."""
    (tmp_path / "last.pt").write_bytes(b"damaged")
    again = fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)

    assert _bytes(again) == _bytes(fitted)


def test_best_weights_are_kept_not_the_last(encoded: Any, small_config: FitConfig, tmp_path: Path) -> None:
    """The model given is the one with the lowest validation loss among all epochs."""
    logs: list[EpochLog] = []
    config = small_config.model_copy(update={"learning_rate": 5e-2, "max_epochs": 30})
    done = fit(*encoded.arguments, config, checkpoints=tmp_path, on_epoch=logs.append)
    losses = [log.validation.loss for log in logs]

    assert done.best_epoch < done.epochs == len(logs) == done.best_epoch + config.patience
    assert done.best_validation_loss == min(losses) == losses[done.best_epoch - 1]
    assert [log.epoch for log in logs if log.is_best][-1] == done.best_epoch


def test_diverging_training_is_the_operators_error(encoded: Any, tmp_path: Path) -> None:
    """A loss that is not finite names the epoch and what to lower."""
    config = FitConfig(hidden=(16, 8), learning_rate=1.0)
    x_train, *others = encoded.arguments

    with pytest.raises(ConfigError, match=r"diverged in epoch 1\. Lower fit\.learning_rate \(1\)"):
        fit(x_train * np.float32(1e38), *others, config, checkpoints=tmp_path, on_epoch=_ignore)


def test_torchs_global_state_is_left_alone(encoded: Any, small_config: FitConfig, tmp_path: Path) -> None:
    """Random state, threads and determinism are as before, also after an error."""
    config = small_config.model_copy(update={"max_epochs": 1})
    threads, state = torch.get_num_threads(), torch.get_rng_state()

    def die(_log: EpochLog) -> None:
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        raise Killed

    with pytest.raises(Killed):
        fit(*encoded.arguments, config, checkpoints=tmp_path, on_epoch=die)

    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()


def test_read_only_arrays_are_welcome(encoded: Any, small_config: FitConfig, tmp_path: Path) -> None:
    """Inputs are neither written to nor warned about."""
    config = small_config.model_copy(update={"max_epochs": 1})
    arrays = [array.copy() for array in encoded.arguments]
    for array in arrays:
        array.flags.writeable = False
    done = fit(*arrays, config, checkpoints=tmp_path, on_epoch=_ignore)

    assert done.epochs == 1


@pytest.mark.parametrize(("weighting", "power"), [("none", 0.0), ("sqrt", 0.5), ("balanced", 1.0)])
def test_a_churner_weighs_as_configured(
    encoded: Any, small_config: FitConfig, tmp_path: Path, weighting: str, power: float
) -> None:
    """Under the configured weights, and only under them, the mean probability is the churn rate."""
    rare = encoded.y_train & (np.arange(len(encoded.y_train)) % 4 == 0)
    part = (encoded.x_train, rare)
    config = small_config.model_copy(update={"class_weighting": weighting, "max_epochs": 40})
    done = fit(*part, *part, config, checkpoints=tmp_path, on_epoch=_ignore)
    probability = torch.sigmoid(predict_logits(done.model, torch.tensor(part[0]))).numpy()
    weights = np.where(rare, ((~rare).sum() / rare.sum()) ** power, 1.0)

    assert np.average(probability, weights=weights) == pytest.approx(
        np.average(rare, weights=weights), abs=0.04
    )


def test_holdout_has_no_influence(
    make_customers: Callable[..., pd.DataFrame],
    encode_parts: Callable[[pd.DataFrame], Any],
    encoded: Any,
    small_config: FitConfig,
    fitted: Fitted,
    tmp_path: Path,
) -> None:
    """Changing every held-out row changes no byte of the spec or the weights."""
    customers = make_customers(2_000, seed=1)
    held_out = customers["customerID"].isin(encoded.parts.holdout["customerID"])
    customers.loc[held_out, ["tenure", "MonthlyCharges", "TotalCharges"]] = [72.0, 999.0, 99_999.0]
    customers.loc[held_out, ["Contract", "gender"]] = ["Two year", "Male"]
    changed = encode_parts(customers)
    again = fit(*changed.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)

    assert not np.array_equal(changed.x_holdout, encoded.x_holdout)
    assert changed.spec.to_json_bytes() == encoded.spec.to_json_bytes()
    assert _bytes(again) == _bytes(fitted)


def test_training_rows_do_have_influence(
    make_customers: Callable[..., pd.DataFrame], encode_parts: Callable[[pd.DataFrame], Any], encoded: Any
) -> None:
    """The leakage test would notice: one training row changed changes the spec."""
    customers = make_customers(2_000, seed=1)
    row = customers["customerID"] == encoded.parts.training["customerID"].iloc[0]
    customers.loc[row, "MonthlyCharges"] = 999.0

    assert encode_parts(customers).spec != encoded.spec


def test_another_process_gives_the_same_bytes(encoded: Any, small_config: FitConfig, tmp_path: Path) -> None:
    """A fresh interpreter with other thread settings comes to the same weights."""
    np.savez(tmp_path / "arrays.npz", *encoded.arguments)
    config = small_config.model_copy(update={"max_epochs": 2})
    program = f"""
import sys, hashlib, numpy as np
from pathlib import Path
from schemas.config import FitConfig
from tasks.core.training.calibration import Platt
from tasks.core.training.fit import fit
from tasks.core.training.state import to_bytes
arrays = list(np.load({str(tmp_path / "arrays.npz")!r}).values())
config = FitConfig.model_validate_json({config.model_dump_json()!r})
done = fit(*arrays, config, checkpoints=Path({str(tmp_path / "there")!r}), on_epoch=lambda log: None)
print(hashlib.sha256(to_bytes(done.model, Platt(slope=1.0, intercept=0.0))).hexdigest())
"""
    here = fit(*encoded.arguments, config, checkpoints=tmp_path / "here", on_epoch=_ignore)
    there = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"},
    )

    assert there.stdout.strip() == hashlib.sha256(_bytes(here)).hexdigest()
