"""A training run's TensorBoard logs: curves, final metrics and baselines; no ids and no rows."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from torch.utils.tensorboard import SummaryWriter

from schemas.config import FitConfig
from schemas.reports import Measures
from tasks.core.training.network.epoch_log import EpochLog

CURVES = ("loss", "roc_auc", "pr_auc", "f1", "recall")


class TrainingBoard:
    """Context manager that writes one training run's events below a folder.

    Reopened after a kill, it appends; repeated epochs replace the earlier ones.
    """

    def __init__(self, folder: Path) -> None:
        """Write nothing yet."""
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}

    def log_epoch(self, member: int, log: EpochLog) -> None:
        """Add an epoch to a member's curves; this and later epochs of an earlier run are purged."""
        writer = self._writer(f"member_{member}", log.epoch)
        for name in CURVES:
            for part in ("train", "validation"):
                value = getattr(getattr(log, part), name)
                writer.add_scalar(f"{name}/{part}", value, log.epoch)
        writer.add_scalar("learning_rate", log.learning_rate, log.epoch)
        writer.flush()

    def log_student(self, done: int, loss: float) -> None:
        """Add the student's mean squared error; this and later steps of an earlier run are purged."""
        writer = self._writer("student", done)
        writer.add_scalar("distillation/mean_squared_error", loss, done)
        writer.flush()

    def _writer(self, name: str, step: int) -> SummaryWriter:
        if name not in self._writers:
            self._writers[name] = SummaryWriter(str(self._folder / name), purge_step=step)
        return self._writers[name]

    def log_model(
        self,
        probability: npt.NDArray[np.floating],
        label: npt.NDArray[np.bool_],
        measures: Measures,
        config: FitConfig,
    ) -> None:
        """Add the network's final metrics, its precision-recall curve and its hyper-parameters.

        Args:
            probability: (N,) calibrated probabilities of the evaluated customers.
            label: (N,) whether they churned.
            measures: Metrics on the same customers.
            config: The training run's hyper-parameters.
        """
        with SummaryWriter(str(self._folder / "network")) as writer:
            writer.add_hparams(_flat(dict(config)), _final_metrics(measures), run_name=".")
            _add_pr_curve(writer, probability, label)

    def log_trial(self, number: int, parameters: Mapping[str, Any], roc_auc: float | None) -> None:
        """Add a search trial to HParams; a pruned one has no ROC-AUC."""
        metrics = {} if roc_auc is None else {"search/roc_auc": roc_auc}
        with SummaryWriter(str(self._folder / "search" / f"trial_{number:04d}")) as writer:
            writer.add_hparams(_flat(parameters), metrics, run_name=".")

    def log_baseline(
        self,
        name: str,
        probability: npt.NDArray[np.floating],
        label: npt.NDArray[np.bool_],
        measures: Measures,
    ) -> None:
        """Add a baseline under the same tags as the network; arguments as for `log_model`."""
        with SummaryWriter(str(self._folder / name.replace(" ", "_"))) as writer:
            for tag, value in _final_metrics(measures).items():
                writer.add_scalar(tag, value)
            _add_pr_curve(writer, probability, label)

    def __enter__(self) -> Self:
        """Return the board itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the event files."""
        for writer in self._writers.values():
            writer.close()


def _flat(values: Mapping[str, Any]) -> dict[str, int | float | str]:
    """Convert sequences to text, as HParams accepts only numbers and text."""
    return {
        name: value if isinstance(value, (int, float, str)) else "-".join(map(str, value))
        for name, value in values.items()
    }


def _final_metrics(measures: Measures) -> dict[str, float]:
    return {f"final/{name}": measure.value for name, measure in measures if measure.value is not None}


def _add_pr_curve(
    writer: SummaryWriter, probability: npt.NDArray[np.floating], label: npt.NDArray[np.bool_]
) -> None:
    if label.any():
        writer.add_pr_curve("final/pr_curve", label, probability)
