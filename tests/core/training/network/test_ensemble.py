from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit

from schemas.config import FitConfig
from tasks.core.training.network import distil
from tasks.core.training.network.calibration import fit_platt
from tasks.core.training.network.ensemble import Network, train_network
from tasks.core.training.network.epoch_log import EpochLog
from tasks.core.training.network.mlp import predict_logits
from tasks.core.training.network.model_state import to_bytes
from tasks.core.training.network.stopping_folds import stopping_folds

CONFIG = FitConfig(hidden=(8, 4), max_epochs=3, learning_rate=1e-2, members=3, student="none")


class Killed(BaseException):
    """Simulates a killed process."""


def _train(encoded: Any, folder: Path, config: FitConfig = CONFIG, **options: Any) -> Network:
    options = {"resume": False, "on_epoch": lambda *_: None, "on_steps": lambda *_: None} | options
    return train_network(encoded.parts, encoded.spec, config, checkpoints=folder, **options)


def _bytes(network: Network) -> bytes:
    return to_bytes(network.model, network.platt)


@pytest.fixture(scope="module")
def network(encoded: Any, tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Three small networks, trained without interruption."""
    return _train(encoded, tmp_path_factory.mktemp("network"))


def test_two_trainings_give_the_same_bytes(encoded: Any, network: Network, tmp_path: Path) -> None:
    """The same configuration and customers give the same networks and calibration."""
    again = _train(encoded, tmp_path)

    assert _bytes(again) == _bytes(network)
    assert np.array_equal(again.logits, network.logits)


@pytest.mark.parametrize("kill_in", [(member, epoch) for member in (1, 2, 3) for epoch in (1, 2, 3)])
def test_killed_in_any_epoch_of_any_member_it_goes_on(
    encoded: Any, network: Network, tmp_path: Path, kill_in: tuple[int, int]
) -> None:
    """Resumed, it fits no finished member again and ends as the uninterrupted training, byte by byte."""

    def die(member: int, log: EpochLog) -> None:
        if (member, log.epoch) == kill_in:
            raise Killed

    with pytest.raises(Killed):
        _train(encoded, tmp_path, on_epoch=die)
    seen: list[tuple[int, int]] = []
    resumed = _train(
        encoded, tmp_path, on_epoch=lambda member, log: seen.append((member, log.epoch)), resume=True
    )

    assert _bytes(resumed) == _bytes(network)
    assert np.array_equal(resumed.logits, network.logits)
    assert seen == [each for each in [(m, e) for m in (1, 2, 3) for e in (1, 2, 3)] if each >= kill_in]


def test_calibration_comes_from_members_that_have_not_seen_the_customer(
    encoded: Any, network: Network
) -> None:
    """Each customer's logit is that of the one member it was held back from."""
    x = torch.tensor(np.concatenate([encoded.x_train, encoded.x_validation]))
    label = np.concatenate([encoded.y_train, encoded.y_validation])
    expected = np.empty(len(x))
    for member, held_back in zip(network.teacher.members, stopping_folds(encoded.parts, 3), strict=True):
        expected[held_back] = predict_logits(member, x).numpy()[held_back]

    assert np.allclose(network.logits, expected, atol=1e-6)
    assert np.array_equal(network.label, label)
    assert network.platt == fit_platt(network.logits, label)
    calibrated = expit(network.platt.slope * network.logits + network.platt.intercept)
    assert calibrated.mean() == pytest.approx(label.mean(), abs=0.01)


def test_members_differ(network: Network) -> None:
    """Each has its own seed and its own customers."""
    first, second, third = (member.head.weight for member in network.teacher.members)

    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert network.report.parameters == 3 * sum(w.numel() for w in network.teacher.members[0].parameters())


def test_a_single_network_is_calibrated_on_validation(encoded: Any, tmp_path: Path) -> None:
    """A single member is not trained on the validation part."""
    single = _train(encoded, tmp_path, CONFIG.model_copy(update={"members": 1}))
    expected = predict_logits(single.model, torch.tensor(encoded.x_validation)).numpy()

    assert np.allclose(single.logits, expected, atol=1e-6)
    assert np.array_equal(single.label, encoded.y_validation)
    assert len(single.report.epochs) == len(single.report.best_epochs) == 1


def test_a_student_is_distilled_from_the_fitted_networks(
    encoded: Any, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes into service in their place, with their calibration."""
    monkeypatch.setattr(distil, "STEPS", 4)
    monkeypatch.setattr(distil, "STEPS_A_CHECKPOINT", 2)
    steps: list[int] = []
    taught = _train(
        encoded,
        tmp_path,
        CONFIG.model_copy(update={"student": "distilled"}),
        on_steps=lambda done, _: steps.append(done),
    )

    assert network.model is network.teacher
    assert network.report.student_parameters is None
    assert taught.model is taught.student
    assert to_bytes(taught.teacher, taught.platt) == to_bytes(network.teacher, network.platt)
    assert np.array_equal(taught.logits, network.logits)
    assert taught.report.student_parameters == 32 * encoded.x_train.shape[1] + 16 * 32 + 16 + 1
    assert steps == [2, 4]
    assert (tmp_path / "student" / "last.pt").is_file()
