"""Train teacher and student, and calibrate: everything between the split and the export."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from schemas.columns import POSITIVE, TARGET
from schemas.config import FitConfig
from schemas.preprocessing import Spec
from schemas.reports import TrainingReport
from tasks.core.bundle.encoder import encode
from tasks.core.training.data.split import Parts
from tasks.core.training.network.calibration import Platt, fit_platt
from tasks.core.training.network.distil import distil
from tasks.core.training.network.epoch_log import EpochLog
from tasks.core.training.network.fit import fit
from tasks.core.training.network.mlp import Ensemble, count_parameters, predict_logits
from tasks.core.training.network.stopping_folds import stopping_folds
from tasks.core.training.network.student import Student


@dataclass(frozen=True, kw_only=True)
class Network:
    """The fitted teacher, the student that learned from it, their calibration and a report on the training.

    `student` is None if the teacher itself goes into service. `logits` (N,) float64 and `label` (N,) bool
    belong to the customers used for calibration and cut points, each scored by the one member of the
    teacher that was not trained on it.
    """

    teacher: Ensemble
    student: Student | None
    platt: Platt
    logits: npt.NDArray[np.float64]
    label: npt.NDArray[np.bool_]
    report: TrainingReport

    @property
    def model(self) -> Student | Ensemble:
        """The network that goes into service."""
        return self.student or self.teacher


def train_network(
    parts: Parts,
    spec: Spec,
    config: FitConfig,
    *,
    checkpoints: Path,
    on_epoch: Callable[[int, EpochLog], None] = lambda *_: None,
    on_steps: Callable[[int, float], None] = lambda *_: None,
    resume: bool = False,
) -> Network:
    """Fit the teacher, calibrate it on customers it has not seen, and distil it; the holdout is not used.

    Args:
        parts: Training and validation are used.
        spec: How customers are encoded.
        config: Networks, optimiser and seed; member m of `members` has the seed
            `seed * members + m`, so a single one has the configured seed. The student has it, too.
        checkpoints: Folder with one subfolder per member, and one for the student.
        on_epoch: Called with the member, counted from 1, and its epoch.
        on_steps: Called with the student's steps and their mean loss.
        resume: Continue from `checkpoints`; finished networks are not fitted again.

    Raises:
        ConfigError: the loss is not finite, or the checkpoint is damaged or belongs to another run.
        ExtractError: a class has fewer customers than there are members.
    """
    customers = pd.concat([parts.training, parts.validation], ignore_index=True)
    x, y = encode(customers, spec), (customers[TARGET] == POSITIVE).to_numpy()
    logits = np.full(len(y), np.nan)
    fitted = []
    for i, held_back in enumerate(stopping_folds(parts, config.members)):
        member = fit(
            x[~held_back],
            y[~held_back],
            x[held_back],
            y[held_back],
            config.model_copy(update={"seed": (config.seed * config.members + i) % 2**32}),
            checkpoints=checkpoints / f"member_{i + 1}",
            on_epoch=partial(on_epoch, i + 1),
            resume=resume,
        )
        logits[held_back] = predict_logits(member.model, torch.tensor(x[held_back])).numpy()
        fitted.append(member)
    teacher = Ensemble(member.model for member in fitted).eval()
    student = None
    if config.student == "distilled":
        student = distil(
            teacher,
            x,
            spec,
            seed=config.seed,
            checkpoints=checkpoints / "student",
            on_steps=on_steps,
            resume=resume,
        )
    unseen = ~np.isnan(logits)
    return Network(
        teacher=teacher,
        student=student,
        platt=fit_platt(logits[unseen], y[unseen]),
        logits=logits[unseen],
        label=y[unseen],
        report=TrainingReport(
            training_customers=len(parts.training),
            validation_customers=len(parts.validation),
            holdout_customers=len(parts.holdout),
            epochs=tuple(member.epochs for member in fitted),
            best_epochs=tuple(member.best_epoch for member in fitted),
            learning_curves=tuple(member.learning_curve for member in fitted),
            inputs=len(spec.feature_names),
            parameters=count_parameters(teacher),
            student_parameters=None if student is None else count_parameters(student),
        ),
    )
