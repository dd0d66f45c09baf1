"""Distil the teacher into a student that gives its logits, on customers and on mixtures of them.

Source: docs/model.md; Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import mse_loss
from torch.optim.lr_scheduler import OneCycleLR

from schemas.preprocessing import Spec
from tasks.core.errors import ConfigError
from tasks.core.training.network.callbacks import ModelCheckpoint, identity_of
from tasks.core.training.network.determinism import one_deterministic_thread
from tasks.core.training.network.mixtures import Mixtures
from tasks.core.training.network.mlp import Ensemble, predict_logits
from tasks.core.training.network.student import Student

STEPS: Final = 1_840
"""Steps of the optimiser, whatever the size of the extract."""
CUSTOMERS_A_STEP: Final = 256
"""Customers of a step; each comes with one mixture."""
LEARNING_RATE, WARM_UP_SHARE, WEIGHT_DECAY = 5e-3, 0.1, 1e-4
BETAS: Final = (0.9, 0.99)
STEPS_A_CHECKPOINT: Final = 92
"""Steps between two checkpoints, each reported."""


def distil(
    teacher: Ensemble,
    x: npt.NDArray[np.float32],
    spec: Spec,
    *,
    seed: int,
    checkpoints: Path,
    on_steps: Callable[[int, float], None],
    resume: bool = False,
) -> Student:
    """Fit a student to the teacher's logits by squared error; labels are not used.

    A run that is killed and resumed ends with the same weights as an uninterrupted one. Torch's global
    random state, thread count and determinism setting are restored afterwards.

    Args:
        teacher: In evaluation mode.
        x: (N, F) float32 customers of training and validation, N >= 1.
        spec: Inputs by column, and the reference customer.
        seed: For initial weights, order and mixtures.
        checkpoints: Folder for `last.pt`; it is deleted unless resuming.
        on_steps: Called every `STEPS_A_CHECKPOINT` steps with the steps done and their mean loss, in
            squared logits, before the checkpoint is written; a resumed run may repeat a call.
        resume: Continue from `last.pt` if it exists, else start from the beginning.

    Raises:
        ConfigError: The loss is not finite, or the checkpoint is damaged or belongs to another run.
    """
    customers = torch.tensor(x)
    mixtures = Mixtures(customers, spec)
    checkpoint = ModelCheckpoint(checkpoints)
    if not resume:
        checkpoint.clear()
    weights = [each.detach().numpy() for each in teacher.state_dict().values()]
    identity = identity_of(f"{seed} {spec.model_dump_json()}", x, *weights)
    with one_deterministic_thread(seed):
        student = Student(spec.reference)
        optimizer = torch.optim.AdamW(
            [
                {"params": list(student.weights), "weight_decay": WEIGHT_DECAY},
                {"params": [student.head.bias], "weight_decay": 0.0},
            ],
            betas=BETAS,
            fused=True,
        )
        schedule = OneCycleLR(
            optimizer,
            max_lr=LEARNING_RATE,
            total_steps=STEPS,
            pct_start=WARM_UP_SHARE,
            cycle_momentum=False,
        )
        stateful = {"student": student, "optimizer": optimizer, "schedule": schedule}
        done, waiting = 0, torch.empty(0, dtype=torch.int64)
        if (state := checkpoint.restore(identity, stateful)) is not None:
            done, waiting = state["done"], state["waiting"]
        while done < STEPS:
            needed = STEPS_A_CHECKPOINT * CUSTOMERS_A_STEP
            while len(waiting) < needed:
                waiting = torch.cat([waiting, torch.randperm(len(customers))])
            rows, waiting = waiting[:needed], waiting[needed:]
            batches = torch.stack([customers[rows], mixtures.draw(rows)])
            targets = predict_logits(teacher, batches.flatten(0, 1)).clone().view(2, -1)
            losses = []
            for step in torch.arange(needed).split(CUSTOMERS_A_STEP):
                loss = mse_loss(student(batches[:, step].flatten(0, 1)), targets[:, step].flatten())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
            done += STEPS_A_CHECKPOINT
            mean = float(np.mean(losses))
            if not math.isfinite(mean):
                raise ConfigError(
                    f"training: the student's loss is not finite after {done} steps."
                    " Train without one: --set fit.student=none."
                )
            on_steps(done, mean)
            states = {name: part.state_dict() for name, part in stateful.items()}
            progress = {"done": done, "waiting": waiting.clone(), "random": torch.get_rng_state()}
            checkpoint.save({"identity": identity, **progress, **states}, is_best=False)
    student.eval()
    return student
