from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from schemas.config import FitConfig
from tasks.core.training.metrics.classification import measure
from tasks.core.training.network.epoch_log import EpochLog, PartLog
from tasks.core.training.network.training_board import TrainingBoard

PROBABILITY = np.linspace(0, 1, 40)
LABEL = np.arange(40) % 3 == 0
MEASURES = measure(PROBABILITY, LABEL, threshold=0.5, resamples=100, seed=0)


def _log(epoch: int, loss: float) -> EpochLog:
    part = PartLog(loss=loss, roc_auc=0.8, pr_auc=0.6, f1=0.5, recall=0.7)
    return EpochLog(epoch=epoch, train=part, validation=part, learning_rate=1e-3, is_best=True)


def _read(folder: Path) -> Any:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_curves_of_both_parts_are_written(tmp_path: Path) -> None:
    """Every metric has a curve for train and for validation, one point an epoch."""
    with TrainingBoard(tmp_path) as board:
        board.log_epoch(1, _log(1, 0.5))
        board.log_epoch(1, _log(2, 0.4))
    events = _read(tmp_path / "member_1")

    assert set(events.Tags()["scalars"]) == {
        *(
            f"{name}/{part}"
            for name in ("loss", "roc_auc", "pr_auc", "f1", "recall")
            for part in ("train", "validation")
        ),
        "learning_rate",
    }
    assert [event.step for event in events.Scalars("loss/train")] == [1, 2]


def test_resumed_epochs_replace_those_they_repeat(tmp_path: Path) -> None:
    """After a kill in epoch 2, the curve has each epoch once and the newer value."""
    with TrainingBoard(tmp_path) as board:
        board.log_epoch(1, _log(1, 0.5))
        board.log_epoch(1, _log(2, 0.4))
    with TrainingBoard(tmp_path) as board:
        board.log_epoch(1, _log(2, 0.25))
        board.log_epoch(1, _log(3, 0.125))
    losses = _read(tmp_path / "member_1").Scalars("loss/validation")

    assert [(event.step, event.value) for event in losses] == [(1, 0.5), (2, 0.25), (3, 0.125)]


def test_members_have_curves_of_their_own(tmp_path: Path) -> None:
    """Each member is a run with the same tags, its epochs counted from 1."""
    with TrainingBoard(tmp_path) as board:
        for member in (1, 2):
            board.log_epoch(member, _log(1, member / 4))
    losses = [_read(tmp_path / f"member_{member}").Scalars("loss/train") for member in (1, 2)]

    assert [[(event.step, event.value) for event in each] for each in losses] == [[(1, 0.25)], [(1, 0.5)]]


def test_network_and_baselines_stand_side_by_side(tmp_path: Path) -> None:
    """Each is a run of its own with the same tags; the network has its hyper-parameters."""
    with TrainingBoard(tmp_path) as board:
        board.log_model(PROBABILITY, LABEL, MEASURES, FitConfig())
        board.log_baseline("logistic regression", PROBABILITY, LABEL, MEASURES)
    network, baseline = _read(tmp_path / "network"), _read(tmp_path / "logistic_regression")

    assert network.Tags()["scalars"] == baseline.Tags()["scalars"]
    assert np.isclose(baseline.Scalars("final/roc_auc")[0].value, MEASURES.roc_auc.value)
    assert "final/pr_curve" in network.Tags()["tensors"]
    assert "_hparams_/session_start_info" in network.summary_metadata
    assert "_hparams_/session_start_info" not in baseline.summary_metadata


def test_metrics_that_are_not_defined_are_left_out(tmp_path: Path) -> None:
    """Without a single churner there is no ROC-AUC and no curve, and no error."""
    nobody = np.zeros(40, dtype=bool)
    measures = measure(PROBABILITY, nobody, threshold=0.5, resamples=100, seed=0)
    with TrainingBoard(tmp_path) as board:
        board.log_baseline("decision tree", PROBABILITY, nobody, measures)
    tags = _read(tmp_path / "decision_tree").Tags()

    assert "final/brier" in tags["scalars"]
    assert "final/roc_auc" not in tags["scalars"]
    assert "final/pr_curve" not in tags["tensors"]


def test_every_trial_stands_in_hparams(tmp_path: Path) -> None:
    """A completed trial has its parameters and ROC-AUC, a pruned one its parameters."""
    with TrainingBoard(tmp_path) as board:
        board.log_trial(1, {"dropout": 0.5, "class_weighting": "sqrt"}, 0.75)
        board.log_trial(2, {"dropout": 0.1, "class_weighting": "none"}, None)
    completed, pruned = (_read(tmp_path / "search" / f"trial_000{number}") for number in (1, 2))

    assert completed.Scalars("search/roc_auc")[0].value == 0.75
    assert pruned.Tags()["scalars"] == []
    for events in (completed, pruned):
        assert "_hparams_/session_start_info" in events.summary_metadata
