"""The numbers of an evaluation, to compare shown figures with, and evidence over folds to put into one."""

from collections.abc import Iterator
from typing import Any

from schemas.baselines import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from schemas.measures import Measure
from schemas.reports import ComparedOnFolds, CrossFit, PairedDifference


def numbers(value: Any) -> Iterator[float]:
    """Walk every number of an evaluation."""
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def spread(low: float, high: float) -> Measure:
    """Make a measure in the middle of its interval."""
    return Measure(value=(low + high) / 2, low=low, high=high)


def cross_fit(low: float, high: float, *, customers: int = 1_000) -> CrossFit:
    """Make evidence over three folds, with this interval for the difference from logistic regression.

    The other baselines are behind the candidate, and its teacher is level with it.
    """

    def compared(roc_auc: float, difference: Measure) -> ComparedOnFolds:
        assert difference.value is not None
        return ComparedOnFolds(
            roc_auc=spread(roc_auc - 0.0123, roc_auc + 0.0123),
            difference=PairedDifference(customers=customers, roc_auc=difference),
            by_fold=(difference.value - 0.0021, difference.value, difference.value + 0.0021),
        )

    return CrossFit(
        folds=3,
        roc_auc=spread(0.8341, 0.8587),
        teacher=compared(0.8471, spread(-0.0017, 0.0003)),
        baselines={
            LOGISTIC_REGRESSION: compared(0.8411, spread(low, high)),
            SPLINES: compared(0.8437, spread(0.0011, 0.0043)),
            DECISION_TREE: compared(0.8219, spread(0.0187, 0.0303)),
        },
    )
