"""The details behind an evaluation's metrics: curves, bins and influences, as numbers to plot.

Counts below ten customers are None, because they could single out one customer.
"""

from pydantic import Field

from schemas.closed import Closed
from schemas.measures import Measure

Numbers = tuple[float, ...]


class LearningCurve(Closed):
    """One network's learning curves on its training and its stopping part, with one entry per epoch."""

    training_loss: Numbers
    validation_loss: Numbers
    training_roc_auc: Numbers
    validation_roc_auc: Numbers
    training_f1: Numbers
    validation_f1: Numbers


class Curve(Closed):
    """A curve of one model, with its 95 % band if computed."""

    x: Numbers
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None


class CalibrationBin(Closed):
    """Customers with similar probabilities: predicted and observed churn."""

    customers: int
    probability: float = Field(description="Mean over the bin.")
    churn_share: Measure


class ScoreBin(Closed):
    """Customers between two probabilities, by outcome."""

    low: float
    high: float
    stayed: int | None
    left: int | None


class Decile(Closed):
    """A tenth of the customers, ranked by risk; 1 is the riskiest."""

    decile: int = Field(ge=1, le=10)
    customers: int
    churn_share: Measure
    lift: float = Field(description="Churn share divided by the overall churn share.")
    gain: float = Field(description="Share of all churners in this decile and those above it.")


class ThresholdChoice(Closed):
    """Metrics at another threshold."""

    threshold: float
    contacted_share: float
    precision: float | None
    recall: float


class Influence(Closed):
    """ROC-AUC lost when columns are permuted together, over repetitions."""

    columns: tuple[str, ...]
    loss: Measure


class Response(Closed):
    """Mean probability if everyone had this value of a column, all else equal."""

    column: str
    values: tuple[str, ...]
    probability: Numbers


class Agreement(Closed):
    """How closely another model agrees with the candidate in ranking and flags."""

    rank_correlation: float = Field(description="Spearman's, between the probabilities.")
    same_flag_share: float


class ColumnWeight(Closed):
    """How far a column moves customers' logits from the reference customer's, in either direction."""

    column: str
    mean_contribution: float = Field(ge=0, description="Mean of |contribution| over the holdout, in logits.")


class WorkedExample(Closed):
    """One of the bundle's made-up customers, scored and explained."""

    row: dict[str, str | int | float]
    probability: float
    contributions: dict[str, float] = Field(description="Column -> logits, largest first.")
    reasons: tuple[str, ...]


class Reasons(Closed):
    """Contributions by column: over the holdout, and for made-up customers."""

    reference_probability: float = Field(
        ge=0, le=1, description="The reference customer's churn probability."
    )
    columns: tuple[ColumnWeight, ...] = Field(description="Most influential column first.")
    examples: tuple[WorkedExample, ...]


class Evidence(Closed):
    """Everything that the report plots."""

    roc: dict[str, Curve] = Field(description="Model -> recall against false-positive rate.")
    precision_recall: dict[str, Curve] = Field(description="Model -> precision against recall.")
    calibration: tuple[CalibrationBin, ...]
    scores: tuple[ScoreBin, ...]
    deciles: tuple[Decile, ...]
    thresholds: tuple[ThresholdChoice, ...]
    influence: tuple[Influence, ...]
    responses: tuple[Response, ...]
    agreement: dict[str, Agreement]
