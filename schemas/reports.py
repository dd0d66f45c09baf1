"""What a training run reports: data audit, evaluation, gate decision. Counts and metrics only."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from schemas.closed import Closed
from schemas.evidence import Evidence, LearningCurve, Reasons
from schemas.horizon import Horizon
from schemas.measures import Measure


class Measures(Closed):
    """How well probabilities and flags agree with the outcomes for one set of customers."""

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
    """ROC-AUC of the candidate minus another model's, on the same customers, with its 95 % interval."""

    customers: int = Field(ge=0)
    roc_auc: Measure


Verdict = Literal["pass", "warn", "fail", "not proven"]


class RowCounts(Closed):
    """How the physical lines after an extract's header were counted."""

    received: int = Field(ge=0, description="Physical lines after the header, counted independently.")
    accepted: int = Field(ge=0)
    quarantined: int = Field(ge=0)
    exact_duplicates: int = Field(ge=0, description="Identical repeats of a customer's row; one is kept.")
    blank_lines: int = Field(ge=0)
    objected: int = Field(
        default=0, ge=0, description="Accepted rows of customers who objected; never encoded."
    )

    @property
    def reconciles(self) -> bool:
        """Whether every received line is accounted for exactly once."""
        return self.received == self.accounted

    @property
    def accounted(self) -> int:
        """Lines that ended up somewhere."""
        return self.accepted + self.quarantined + self.exact_duplicates + self.objected + self.blank_lines


class ValueAudit(Closed):
    """How often a category's value occurs in an extract; the churn share needs at least ten customers."""

    count: int = Field(ge=0)
    churn_share: float | None = Field(ge=0, le=1)


class ColumnAudit(Closed):
    """A summary of one column in the accepted rows."""

    count: int = Field(ge=0, description="Number of filled cells.")
    blanks: int = Field(ge=0)
    distinct: int = Field(ge=0)
    low: float | None = Field(description="Smallest number; None for text.")
    high: float | None = Field(description="Largest number; None for text.")
    values: dict[str, ValueAudit] = Field(description="For category columns: every value in the contract.")


class DataAudit(Closed):
    """A summary of an extract, in counts and ranges only."""

    rows: RowCounts
    simulated: bool
    churn_share: float | None = Field(ge=0, le=1, description="None if the extract has no labels.")
    ignored_columns: tuple[str, ...]
    quarantined_by_reason: dict[str, int]
    columns: dict[str, ColumnAudit]


class Parity(Closed):
    """The difference between the exported model's probabilities and the trained model's."""

    rows: int = Field(ge=0, description="Holdout customers compared.")
    batch_sizes: tuple[int, ...] = Field(description="Batch sizes tested.")
    max_difference: float | None = Field(
        ge=0, description="Largest |torch - onnxruntime|; None if not finite."
    )


class ModelReport(Closed):
    """How one model performs on the holdout, and how the candidate compares with it."""

    measures: Measures
    confusion: Confusion
    difference: PairedDifference = Field(description="Candidate minus this model.")

    @property
    def roc_auc(self) -> Measure:
        """ROC-AUC on the holdout."""
        return self.measures.roc_auc


class ChampionReport(ModelReport):
    """How the champion performs on the holdout customers that it was not trained on."""

    bundle_id: str
    same_model: bool = Field(description="Whether candidate and champion score with identical files.")
    horizon: Horizon | None = Field(default=None, description="The champion's; None if it has none.")


class ProtectedCost(Closed):
    """The effect of gender and SeniorCitizen: the candidate compared with a refit without them."""

    columns: tuple[str, ...] = Field(description="Columns left out.")
    difference: PairedDifference = Field(description="Candidate minus refit. Positive: dropping them hurts.")
    brier: Measure = Field(description="Brier score, candidate minus refit. Negative: dropping them hurts.")


class TeacherReport(ModelReport):
    """How the student's teacher performs on the holdout, and how closely the student follows it."""

    mean_difference: float | None = Field(
        ge=0,
        description="Mean |probability of the student - probability of the teacher|; None if not finite.",
    )
    same_first_reason: float = Field(
        ge=0, le=1, description="Share of customers whose first reason, or its absence, is the teacher's."
    )
    shared_reasons: float = Field(
        ge=0, le=1, description="Mean share of the teacher's first three reasons that the student gives."
    )


class ComparedOnFolds(Closed):
    """One model in a cross-fitted evaluation, and how the candidate compares with it."""

    roc_auc: Measure = Field(description="Mean over the folds, with its 95 % interval.")
    difference: PairedDifference = Field(description="Candidate minus this model, mean over the folds.")
    by_fold: tuple[float, ...] = Field(description="Candidate minus this model in each fold, in ROC-AUC.")


class CrossFit(Closed):
    """The recipe fitted again in every fold, each judged on the customers that it has not seen.

    Intervals are by influence curves: tasks/core/training/metrics/delong.py.
    """

    folds: int = Field(ge=2)
    roc_auc: Measure = Field(description="The candidate's, mean over the folds, with its 95 % interval.")
    teacher: ComparedOnFolds | None = Field(description="None if the model in service has no teacher.")
    baselines: dict[str, ComparedOnFolds]


class SliceReport(Closed):
    """One group of holdout customers; measures are None if fewer than ten stayed or left."""

    customers: int = Field(ge=0)
    churn_share: float | None
    flagged_share: float | None = Field(description="Share of the group that the model would contact.")
    recall: Measure
    false_positive_rate: Measure


class TrainingReport(Closed):
    """A summary of the training run."""

    training_customers: int = Field(ge=0)
    validation_customers: int = Field(ge=0)
    holdout_customers: int = Field(ge=0)
    epochs: tuple[int, ...] = Field(description="Epochs trained, per member.")
    best_epochs: tuple[int, ...] = Field(description="The epoch kept, per member.")
    learning_curves: tuple[LearningCurve, ...] = Field(description="Per member, epoch by epoch.")
    inputs: int = Field(ge=1, description="F, the model's inputs.")
    parameters: int = Field(ge=1, description="Weights and biases of the teacher.")
    student_parameters: int | None = Field(
        default=None, ge=1, description="Weights and biases of the student; None without one."
    )


class Evaluation(Closed):
    """The input of the gate. Nothing in it depends on the clock."""

    simulated: bool
    horizon: Horizon | None = Field(default=None, description="The label's; None in earlier versions.")
    audit: DataAudit
    training: TrainingReport
    threshold: float
    measures: Measures
    confusion: Confusion
    baselines: dict[str, ModelReport]
    champion: ChampionReport | None
    teacher: TeacherReport | None = Field(
        default=None, description="None if the model in service has no teacher."
    )
    cross_fit: CrossFit | None = Field(default=None, description="None if `evaluation.folds` is 0.")
    protected: ProtectedCost | None = Field(description="None if no protected attribute is an input.")
    slices: dict[str, dict[str, SliceReport]] = Field(description="Column -> value -> group.")
    evidence: Evidence = Field(description="Details behind the metrics, for the report's plots.")
    reasons: Reasons = Field(description="What drives customers' risks, and three worked examples.")
    parity: Parity

    @property
    def roc_auc(self) -> Measure:
        """The candidate's ROC-AUC by the strongest evidence: over the folds or, without, on the holdout."""
        return (self.cross_fit or self.measures).roc_auc

    @property
    def compared(self) -> Mapping[str, ComparedOnFolds | ModelReport]:
        """The baselines, by the same evidence."""
        return (self.cross_fit or self).baselines


class GateCheck(Closed):
    """One check of the gate: the bound, the observed value and the verdict."""

    name: str
    kind: Literal["block", "warn"]
    observed: str
    bound: str
    verdict: Verdict


class GateDecision(Closed):
    """Whether a candidate may enter service; a refusal is a result, not an error."""

    outcome: Literal["passed", "not proven", "refused"]
    checks: tuple[GateCheck, ...]
    switched_off: tuple[str, ...]
    promotes: bool = Field(description="Whether the policy lets the candidate into service.")


class JudgedEvaluation(Evaluation):
    """The content of `evaluation.json`: what the gate saw, and what it decided."""

    gate: GateDecision
