"""Measure how closely a student in service follows the teacher that it was distilled from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.core.bundle.onnx_model import Model


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How closely a student follows.

    mean_difference: Mean |difference of the probabilities|; None if not finite.
    same_first_reason: Share of customers with the same first reason, or none in both.
    shared_reasons: Mean share of the teacher's up to three reasons that the student gives, too; 1 where
        the teacher gives none.
    """

    mean_difference: float | None
    same_first_reason: float
    shared_reasons: float


def agreement(student: Model, teacher: Model, matrix: npt.NDArray[np.float32]) -> Agreement:
    """Compare the two graphs on (N, F) encoded customers, N >= 1."""
    probability, reasons = student.reasons(matrix)
    taught, wanted = teacher.reasons(matrix)
    difference = float(np.abs(probability.astype(np.float64) - taught).mean())
    given = wanted >= 0  # (N, 3)
    found = (wanted[:, :, np.newaxis] == reasons[:, np.newaxis, :]).any(axis=2) & given
    share = found.sum(axis=1) / np.maximum(given.sum(axis=1), 1)
    return Agreement(
        mean_difference=difference if np.isfinite(difference) else None,
        same_first_reason=float((reasons[:, 0] == wanted[:, 0]).mean()),
        shared_reasons=float(np.where(given.any(axis=1), share, 1.0).mean()),
    )
