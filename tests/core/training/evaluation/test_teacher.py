from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tasks.core.training.evaluation.teacher import agreement

MATRIX = np.zeros((4, 1), dtype=np.float32)


def model(probability: list[float], reasons: list[list[int]]) -> Any:
    """Stand in for a graph that gives these answers."""
    given = np.array(probability, dtype=np.float32), np.array(reasons)
    return SimpleNamespace(reasons=lambda _: given)


def test_agreement_is_counted_customer_by_customer() -> None:
    """The order counts for the first reason, not for the three; a customer without any agrees with none."""
    teacher = model([0.1, 0.2, 0.3, 0.4], [[5, 6, 7], [5, 6, -1], [-1, -1, -1], [-1, -1, -1]])
    student = model([0.1, 0.3, 0.3, 0.2], [[5, 7, 8], [6, 5, -1], [-1, -1, -1], [4, -1, -1]])

    found = agreement(student, teacher, MATRIX)

    assert found.mean_difference == pytest.approx((0.0 + 0.1 + 0.0 + 0.2) / 4, abs=1e-7)
    assert found.same_first_reason == 2 / 4
    assert found.shared_reasons == pytest.approx((2 / 3 + 1 + 1 + 1) / 4)


def test_a_difference_that_is_not_finite_is_unknown() -> None:
    """The gate refuses what cannot be measured."""
    reasons = [[5, 6, 7]] * 4

    assert agreement(model([np.nan] * 4, reasons), model([0.1] * 4, reasons), MATRIX).mean_difference is None
