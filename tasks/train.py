"""Start a run, and train the network and the baselines it must beat."""

import time
from datetime import UTC, datetime
from pathlib import Path

from schemas.preprocessing import Spec
from tasks.core.steps import log, step
from tasks.core.storage.atomic import make_folder
from tasks.core.training.data.split import Split
from tasks.core.training.evaluation.baselines import Baseline, fit_baselines
from tasks.core.training.network.distil import STEPS
from tasks.core.training.network.ensemble import Network, train_network
from tasks.core.training.network.epoch_log import EpochLog
from tasks.core.training.network.training_board import TrainingBoard
from tasks.core.training_run import Order, Run, new_run, resume_run

EPOCHS_A_LINE = 5
"""Epochs between two progress lines; TensorBoard has every epoch."""
STEPS_A_LINE = 460
"""The student's steps between two progress lines."""


@step("start-run")
def start_run(runs: Path, order: Order, resume: str | None) -> Run:
    """Start a training run, or find the one to resume."""
    if resume is not None:
        return resume_run(runs, resume)
    return new_run(runs, order, now=datetime.now(tz=UTC))


@step("train")
def train(parts: Split, spec: Spec, run: Run) -> tuple[Network, float]:
    """Fit the networks with checkpoints, TensorBoard and progress; return them and the processor seconds."""
    config = run.order.config.fit
    log.info("training run %s; if interrupted, continue with --resume %s", run.run_id, run.run_id)
    started = time.thread_time()
    with TrainingBoard(run.tensorboard) as board:

        def on_epoch(member: int, epoch: EpochLog) -> None:
            board.log_epoch(member, epoch)
            if epoch.epoch % EPOCHS_A_LINE:
                return
            log.info(
                "network %d/%d, epoch %d/%d: loss %.4f, validation %.4f, ROC-AUC %.4f, F1 %.3f%s",
                member,
                config.members,
                epoch.epoch,
                config.max_epochs,
                epoch.train.loss,
                epoch.validation.loss,
                epoch.validation.roc_auc,
                epoch.validation.f1,
                " (best)" if epoch.is_best else "",
            )

        def on_steps(done: int, loss: float) -> None:
            board.log_student(done, loss)
            if done % STEPS_A_LINE == 0:
                log.info("student, step %d/%d: mean squared error %.5f", done, STEPS, loss)

        network = train_network(
            parts,
            spec,
            config,
            checkpoints=make_folder(run.checkpoints),
            on_epoch=on_epoch,
            on_steps=on_steps,
            resume=run.resumed,
        )
    return network, time.thread_time() - started


@step("train-baselines")
def train_baselines(parts: Split) -> dict[str, Baseline]:
    """Fit the baselines on the same training part."""
    return fit_baselines(parts.training, parts.validation)
