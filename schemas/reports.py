"""What a training reports: data audit, evaluation, gate decision. Counts and metrics only."""

from typing import Literal

from pydantic import Field

from schemas.closed import Closed


class Measure(Closed):
    """A metric with its 95 % interval; None where it could not be computed, which no gate passes."""

    value: float | None
    low: float | None
    high: float | None


class Measures(Closed):
    """How well probabilities and flags agree with what happened, on one set of customers."""

    roc_auc: Measure
    pr_auc: Measure
    f1: Measure
    recall: Measure
    precision: Measure
    brier: Measure
    log_loss: Measure
    ece: Measure
    top_decile_lift: Measure


class Confusion(Closed):
    """Counts of customers at the threshold; positive means churn."""

    true_negative: int = Field(ge=0)
    false_positive: int = Field(ge=0)
    false_negative: int = Field(ge=0)
    true_positive: int = Field(ge=0)


class PairedDifference(Closed):
    """ROC-AUC of the candidate minus another model's, on the same customers (DeLong, 95 %)."""

    customers: int = Field(ge=0)
    roc_auc: Measure


Verdict = Literal["pass", "warn", "fail", "not proven"]
