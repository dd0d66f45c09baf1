from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.core.errors import ConfigError
from tasks.core.training.network import distil as module
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.distil import distil
from tasks.core.training.network.mlp import Ensemble, predict_logits
from tasks.core.training.network.model_state import to_bytes
from tasks.core.training.network.student import Student

FEW = {"STEPS": 12, "STEPS_A_CHECKPOINT": 4}
"""So few that the schedule still warms up and cools down, with three checkpoints."""


class Killed(BaseException):
    """Simulates a killed process."""


@pytest.fixture
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FEW.items():
        monkeypatch.setattr(module, name, value)


def learn(ensemble: Ensemble, encoded: Any, folder: Path, **options: Any) -> Student:
    """Distil as a training does."""
    options = {"seed": 1, "on_steps": lambda *_: None} | options
    return distil(ensemble, encoded.x_train, encoded.spec, checkpoints=folder, **options)


def bytes_of(student: Student) -> bytes:
    """Return what model.pt would be."""
    return to_bytes(student, Platt(slope=1.0, intercept=0.0))


def test_it_follows_its_teacher(ensemble: Ensemble, encoded: Any, tmp_path: Path) -> None:
    """On customers that it was not shown, probabilities differ by less than the gate's .005 on average."""
    losses: list[tuple[int, float]] = []
    student = learn(ensemble, encoded, tmp_path, on_steps=lambda done, loss: losses.append((done, loss)))
    x = torch.tensor(encoded.x_holdout)
    ours, theirs = (torch.sigmoid(predict_logits(each, x)) for each in (student, ensemble))

    assert (ours - theirs).abs().mean() < 0.005
    assert not student.training
    assert [done for done, _ in losses] == list(range(92, 1_841, 92))
    assert losses[-1][1] < losses[0][1] / 100


@pytest.mark.usefixtures("_few_steps")
@pytest.mark.parametrize("kill_at", [4, 8, 12])
def test_killed_at_any_checkpoint_it_goes_on(
    ensemble: Ensemble, encoded: Any, tmp_path: Path, kill_at: int
) -> None:
    """Resumed, it repeats the steps since its checkpoint and ends with the same bytes."""
    whole = learn(ensemble, encoded, tmp_path / "whole")

    def die(done: int, _: float) -> None:
        if done == kill_at:
            raise Killed

    with pytest.raises(Killed):
        learn(ensemble, encoded, tmp_path / "killed", on_steps=die)
    seen: list[int] = []
    resumed = learn(
        ensemble, encoded, tmp_path / "killed", on_steps=lambda done, _: seen.append(done), resume=True
    )

    assert bytes_of(resumed) == bytes_of(whole) == bytes_of(learn(ensemble, encoded, tmp_path / "again"))
    assert seen == [done for done in (4, 8, 12) if done >= kill_at]
    assert bytes_of(learn(ensemble, encoded, tmp_path / "other", seed=2)) != bytes_of(whole)


@pytest.mark.usefixtures("_few_steps")
def test_a_finished_student_is_not_fitted_again(ensemble: Ensemble, encoded: Any, tmp_path: Path) -> None:
    """Resuming only reads it."""
    whole = learn(ensemble, encoded, tmp_path)
    seen: list[int] = []

    again = learn(ensemble, encoded, tmp_path, on_steps=lambda done, _: seen.append(done), resume=True)

    assert bytes_of(again) == bytes_of(whole)
    assert seen == []


@pytest.mark.usefixtures("_few_steps")
def test_another_teachers_checkpoint_is_refused(ensemble: Ensemble, encoded: Any, tmp_path: Path) -> None:
    """It is no checkpoint of this run."""
    learn(ensemble, encoded, tmp_path)
    other = Ensemble(list(ensemble.members)[:1]).eval()

    with pytest.raises(ConfigError, match="belongs to a training run with a different configuration"):
        learn(other, encoded, tmp_path, resume=True)


@pytest.mark.usefixtures("_few_steps")
def test_a_loss_that_is_not_finite_is_an_error(encoded: Any, ensemble: Ensemble, tmp_path: Path) -> None:
    """No student of such a teacher is made."""
    x = encoded.x_train.copy()
    x[0] = np.inf

    with pytest.raises(ConfigError, match="the student's loss is not finite"):
        distil(ensemble, x, encoded.spec, seed=1, checkpoints=tmp_path, on_steps=lambda *_: None)


def test_torch_is_left_as_it_was(ensemble: Ensemble, encoded: Any, tmp_path: Path) -> None:
    """The global random state, the threads and the determinism setting are restored after a failure, too."""
    before = torch.get_rng_state(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()

    def die(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        learn(ensemble, encoded, tmp_path, on_steps=die)

    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before[1:]
    assert not any(each.requires_grad and each.grad is not None for each in ensemble.parameters())
