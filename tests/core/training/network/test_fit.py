import hashlib
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from schemas.config import FitConfig
from tasks.core.errors import ConfigError
from tasks.core.training.network import callbacks
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.epoch_log import EpochLog
from tasks.core.training.network.fit import Fitted, fit
from tasks.core.training.network.mlp import Ensemble, Mlp, predict_logits
from tasks.core.training.network.model_state import to_bytes

PLATT = Platt(slope=1.0, intercept=0.0)


class Killed(BaseException):
    """Simulates a killed process."""


def _bytes(fitted: Fitted) -> bytes:
    return to_bytes(Ensemble([fitted.model]), PLATT)


def _ignore(_log: EpochLog) -> None:
    pass


def test_learns_to_rank_customers(encoded: Any, fitted: Fitted) -> None:
    """On held-out made-up customers churners rank above the others."""
    logits = predict_logits(fitted.model, torch.tensor(encoded.x_holdout)).numpy()
    churners, stayers = logits[encoded.y_holdout], logits[~encoded.y_holdout]

    assert (churners[:, np.newaxis] > stayers).mean() > 0.75
    assert not fitted.model.training


def test_steps_are_those_of_a_plain_loop(encoded: Any, small_config: FitConfig, tmp_path: Path) -> None:
    """One epoch equals AdamW written out by hand: decay on weights only, averaging after each step."""
    config = small_config.model_copy(update={"max_epochs": 1, "dropout": 0.0, "batch_size": 400})
    done = fit(*encoded.arguments, config, checkpoints=tmp_path, on_epoch=_ignore)
    x, y = torch.tensor(encoded.x_train), torch.tensor(encoded.y_train).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = Mlp(d_in=x.shape[1], hidden=config.hidden, dropout=0.0)
        batches = torch.randperm(len(x)).split(400)
    weight = ((1 - y).sum() / y.sum()).sqrt()
    average: list[torch.Tensor] = []
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()]
    for step, rows in enumerate(batches, start=1):
        log_churn, log_stay = (torch.nn.functional.logsigmoid(sign * model(x[rows])) for sign in (1, -1))
        loss = -(weight * y[rows] * log_churn + (1 - y[rows]) * log_stay).mean()
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        for p, g, (first, second) in zip(model.parameters(), gradients, moments, strict=True):
            decay = config.weight_decay if p.ndim == 2 else 0.0
            first.mul_(0.9).add_(0.1 * g)
            second.mul_(0.99).add_(0.01 * g * g)
            change = (first / (1 - 0.9**step)) / ((second / (1 - 0.99**step)).sqrt() + 1e-8)
            p.data = p.data * (1 - config.learning_rate * decay) - config.learning_rate * change
        now = [p.data.clone() for p in model.parameters()]
        average = [0.95 * a + 0.05 * p for a, p in zip(average, now, strict=True)] if average else now

    assert len(batches) == 3
    for found, expected in zip(done.model.parameters(), average, strict=True):
        torch.testing.assert_close(found.data, expected, rtol=0, atol=1e-6)


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
    """Another seed gives other weights."""
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


@pytest.mark.parametrize("writes", range(1, 6))
def test_killed_between_two_writes_ends_with_the_same_weights(
    encoded: Any,
    small_config: FitConfig,
    fitted: Fitted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writes: int,
) -> None:
    """Even a kill after any single file, between `best.pt` and `last.pt` too, changes nothing."""
    write, written = callbacks._write, []

    def die(path: Path, state: dict[str, Any]) -> None:
        if len(written) == writes:
            raise Killed
        written.append(path.name)
        write(path, state)

    monkeypatch.setattr(callbacks, "_write", die)
    with pytest.raises(Killed):
        fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)
    monkeypatch.undo()
    resumed = fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore, resume=True)

    assert _bytes(resumed) == _bytes(fitted)


def test_every_best_epoch_writes_best_before_last(
    encoded: Any, small_config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`last.pt` never is ahead of `best.pt`, or a kill in between would lose the best weights."""
    written: list[tuple[str, int]] = []
    monkeypatch.setattr(callbacks, "_write", lambda path, state: written.append((path.name, state["epoch"])))
    with pytest.raises(ConfigError):  # nothing was actually written
        fit(*encoded.arguments, small_config, checkpoints=tmp_path, on_epoch=_ignore)

    assert written[:2] == [("best.pt", 1), ("last.pt", 1)]
    for best, after in pairwise(written):
        assert best[0] == "last.pt" or after == ("last.pt", best[1])


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
    """A checkpoint cannot be resumed with other settings or other customers."""
    short = small_config.model_copy(update={"max_epochs": 1})
    fit(*encoded.arguments, short, checkpoints=tmp_path, on_epoch=_ignore)
    x_train, y_train, x_validation, y_validation = encoded.arguments
    if change == "config":
        short = small_config
    else:
        x_train = x_train + np.float32(1)

    with pytest.raises(ConfigError, match="a different configuration or other customers"):
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
    """Without resuming, the folder's content has no influence."""
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
    logits = predict_logits(done.model, torch.tensor(encoded.x_validation)).numpy()
    weights = np.where(encoded.y_validation, np.sqrt((~encoded.y_train).sum() / encoded.y_train.sum()), 1)
    loss = np.mean(weights * np.logaddexp(0, np.where(encoded.y_validation, -logits, logits)))
    assert loss == pytest.approx(done.best_validation_loss, abs=1e-5)


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
    torch.set_num_threads(2)

    def die(_log: EpochLog) -> None:
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        raise Killed

    with pytest.raises(Killed):
        fit(*encoded.arguments, config, checkpoints=tmp_path, on_epoch=die)

    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)


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
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.fit import fit
from tasks.core.training.network.mlp import Ensemble
from tasks.core.training.network.model_state import to_bytes
arrays = list(np.load({str(tmp_path / "arrays.npz")!r}).values())
config = FitConfig.model_validate_json({config.model_dump_json()!r})
done = fit(*arrays, config, checkpoints=Path({str(tmp_path / "there")!r}), on_epoch=lambda log: None)
print(hashlib.sha256(to_bytes(Ensemble([done.model]), Platt(slope=1.0, intercept=0.0))).hexdigest())
"""
    here = fit(*encoded.arguments, config, checkpoints=tmp_path / "here", on_epoch=_ignore)
    there = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
        env={"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"},
    )

    assert there.stdout.strip() == hashlib.sha256(_bytes(here)).hexdigest()
