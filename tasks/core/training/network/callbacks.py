"""Training callbacks: early stopping and checkpoints."""

import hashlib
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tasks.core.errors import ConfigError
from tasks.core.storage.atomic import replace_file


class EarlyStopping:
    """Stop once the validation loss has not improved for `patience` epochs in a row."""

    def __init__(self, *, patience: int) -> None:
        """Start with no best loss."""
        self.patience = patience
        self.best_loss = math.inf
        self.best_epoch = 0
        self.epochs_without_better = 0

    def update(self, *, epoch: int, loss: float) -> bool:
        """Record an epoch's validation loss; return whether it is the best so far (strictly lower)."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch, self.epochs_without_better = loss, epoch, 0
            return True
        self.epochs_without_better += 1
        return False

    @property
    def should_stop(self) -> bool:
        """Whether patience has run out."""
        return self.epochs_without_better >= self.patience

    def state_dict(self) -> dict[str, float | int]:
        """Return the state for `load_state_dict`."""
        return {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "epochs_without_better": self.epochs_without_better,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.best_loss = state["best_loss"]
        self.best_epoch = state["best_epoch"]
        self.epochs_without_better = state["epochs_without_better"]


class ModelCheckpoint:
    """Keep the newest state in `last.pt` and the best in `best.pt`, each complete or absent.

    `best.pt` is written before `last.pt`: a run killed in between repeats the epoch
    and reaches the same best state.
    """

    def __init__(self, folder: Path) -> None:
        """Create the folder if needed."""
        folder.mkdir(parents=True, exist_ok=True)
        self.last = folder / "last.pt"
        self.best = folder / "best.pt"

    def clear(self) -> None:
        """Delete an earlier training run's checkpoints."""
        self.last.unlink(missing_ok=True)
        self.best.unlink(missing_ok=True)

    def save(self, state: dict[str, Any], *, is_best: bool) -> None:
        """Save the state after an epoch."""
        if is_best:
            _write(self.best, state)
        _write(self.last, state)

    def load_last(self) -> dict[str, Any] | None:
        """Read the newest state; None if there is no checkpoint.

        Raises:
            ConfigError: The file is damaged.
        """
        return _read(self.last) if self.last.exists() else None

    def restore(self, identity: str, stateful: Mapping[str, Any]) -> dict[str, Any] | None:
        """Put the newest state into these parts and torch's generator; None if there is no checkpoint.

        Args:
            identity: The run's, from `identity_of`.
            stateful: Parts with `load_state_dict`, by their names in the checkpoint.

        Raises:
            ConfigError: The file is damaged, or belongs to another run.
        """
        state = self.load_last()
        if state is not None:
            check_identity(state, identity)
            for name, part in stateful.items():
                part.load_state_dict(state[name])
            torch.set_rng_state(state["random"])
        return state

    def load_best(self) -> dict[str, Any]:
        """Read the best state.

        Raises:
            ConfigError: The file is damaged or missing.
        """
        return _read(self.best)


def _write(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()  # writing directly, torch hides the cause of a disk error
    torch.save(state, buffer)
    replace_file(path, buffer.getvalue())


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except Exception:  # noqa: BLE001 torch raises half a dozen kinds for a damaged file
        raise ConfigError(
            f"checkpoint {path.name!r} is damaged or missing. Start the training again without --resume."
        ) from None
    return state


def identity_of(settings: str, *arrays: npt.NDArray[Any]) -> str:
    """Hash everything that determines the outcome, so that no other run's checkpoint is resumed."""
    digest = hashlib.sha256(settings.encode())
    for array in arrays:
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def check_identity(state: dict[str, Any], identity: str) -> None:
    """Refuse a checkpoint of another run.

    Raises:
        ConfigError: It belongs to one.
    """
    if state.get("identity") != identity:
        raise ConfigError(
            "the checkpoint belongs to a training run with a different configuration or other customers. "
            "Start the training again without --resume."
        )
