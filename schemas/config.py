"""Operator settings: one typed, closed configuration per flow.

`TrainConfig` determines the model and is hashed into the manifest; `Locations` holds paths
and is never hashed, so moving a folder does not change a model's identity.
`true` is not a number and `"7"` is not an integer; `2e-3`, which YAML reads as text, is a number.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StrictInt, model_validator

from schemas.closed import Closed, Number
from schemas.operations import AlarmPolicy
from schemas.timezone import DEFAULT_TIMEZONE, Timezone


class ReadingConfig(Closed):
    """How an extract is read, and how many bad rows are tolerated."""

    aliases: dict[str, str] = Field(
        default_factory=dict,
        description="Maps the sender's column names to the contract's.",
    )
    value_maps: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="For each column in the contract: maps the sender's values to the contract's.",
    )
    allow_personal_columns: tuple[str, ...] = Field(
        default=(),
        description="Columns tolerated although their name or content looks personal; they are ignored.",
    )
    max_quarantined_share: Number = Field(
        default=0.05,
        gt=0,
        le=1,
        description="The extract is refused if this share of its rows, or more, is bad.",
    )
    max_unpacked_bytes: StrictInt = Field(
        default=32 * 2**30,
        ge=2**20,
        description="A compressed or Parquet file that contains more text is refused.",
    )


class IngestConfig(ReadingConfig):
    """How an extract is read, and how many customers a training needs."""

    reader: Literal["blocks", "lines"] = Field(
        default="blocks",
        description="blocks: accept most rows in bulk, and judge the others line by line. lines: judge every"
        " row line by line, many times slower, for comparison or if the other is in doubt. Both give the"
        " same bytes.",
    )
    min_training_rows: StrictInt = Field(
        default=500, ge=50, description="Minimum number of accepted customers to train on."
    )


class SimulationConfig(Closed):
    """The built-in simulator's extract, used when no extract is given."""

    rows: StrictInt = Field(default=7_043, ge=500, le=100_000_000, description="Customers to simulate.")
    seed: StrictInt = Field(default=0, ge=0, lt=2**32, description="Seed for the simulated customers.")


ASSUMED_HORIZON_DAYS: Final = 30
"""The horizon of a label that the operator has not declared; why: docs/model.md."""


class OutcomeConfig(Closed):
    """What the label in the training data means."""

    horizon_days: StrictInt | None = Field(
        default=None,
        ge=1,
        le=3_650,
        description="The label means that a customer leaves within this many days after the extract's day;"
        f" {ASSUMED_HORIZON_DAYS} days are assumed if it is not declared.",
    )


class SplitConfig(Closed):
    """Stratified training, validation and holdout parts, by a hash of the customer's id."""

    seed: StrictInt = Field(default=0, ge=0, lt=2**32, description="Seed for the split.")
    training_share: Number = Field(default=0.6, gt=0, lt=1, description="Share of each class to train on.")
    validation_share: Number = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of each class on which a single network and the baselines stop, are calibrated "
        "and get their threshold. An ensemble does this out of fold, on both parts.",
    )

    @model_validator(mode="after")
    def _leave_a_holdout(self) -> Self:
        if self.training_share + self.validation_share >= 1:
            raise ValueError(
                "training_share and validation_share must leave a holdout; got "
                f"{self.training_share:g} and {self.validation_share:g}. Lower one of them."
            )
        return self


class EncodingConfig(Closed):
    """How rows are encoded as the model's inputs."""

    bins: StrictInt = Field(
        default=16, ge=2, le=256, description="Training quantiles in each number's piecewise-linear encoding."
    )
    protected_attributes: bool = Field(
        default=True, description="Whether gender and SeniorCitizen are inputs of the model."
    )


class FitConfig(Closed):
    """The network and its training; the defaults are the measured recipe in docs/model.md."""

    seed: StrictInt = Field(default=0, ge=0, lt=2**32, description="Seed for weights, batches and dropout.")
    hidden: tuple[Annotated[StrictInt, Field(ge=1, le=4_096)], ...] = Field(
        default=(64, 32), min_length=2, max_length=8, description="Neurons in each hidden layer."
    )
    dropout: Number = Field(
        default=0.5, ge=0, lt=1, description="Share of hidden activations dropped in training."
    )
    learning_rate: Number = Field(default=2e-3, gt=0, le=1, description="AdamW's learning rate.")
    weight_decay: Number = Field(
        default=0.03, ge=0, le=1, description="AdamW's weight decay; biases are not decayed."
    )
    batch_size: StrictInt = Field(default=256, ge=8, le=65_536, description="Customers per step.")
    max_epochs: StrictInt = Field(
        default=80, ge=1, le=10_000, description="Maximum number of passes over the training part."
    )
    patience: StrictInt = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Epochs without improvement in the validation loss before training stops.",
    )
    ema_decay: Number = Field(
        default=0.95,
        ge=0,
        lt=1,
        description="Decay per step of the averaged weights, which are evaluated and kept.",
    )
    members: StrictInt = Field(
        default=5,
        ge=1,
        le=20,
        description="Networks whose logits are averaged. Each is trained on all but one fold of training and "
        "validation and stopped on that fold; a single one is trained on training, stopped on validation.",
    )
    class_weighting: Literal["none", "sqrt", "balanced"] = Field(
        default="sqrt",
        description="Weight of a churner in the loss: 1, the square root of the class ratio, or the ratio.",
    )
    student: Literal["distilled", "none"] = Field(
        default="distilled",
        description="What goes into service: a small network distilled from the fitted ones, or these.",
    )


class EvaluationConfig(Closed):
    """Folds and bootstrap intervals in the evaluation."""

    folds: StrictInt = Field(
        default=5,
        ge=0,
        le=20,
        description="Outer folds in each of which network and baselines are fitted again, so that every "
        "customer is judged by a model that has not seen it; 0 for the holdout alone.",
    )
    bootstrap_resamples: StrictInt = Field(
        default=1_000, ge=100, le=100_000, description="Resamples per interval."
    )
    bootstrap_seed: StrictInt = Field(default=0, ge=0, lt=2**32, description="Seed for the resamples.")

    @model_validator(mode="after")
    def _need_two_folds(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds must be 2 or more, or 0 for the holdout alone; got 1.")
        return self


GateCheckName = Literal[
    "headline",
    "parity",
    "student",
    "baseline",
    "champion",
    "horizon",
    "simulated",
    "auc_lower_bound",
    "calibration",
    "slices",
]


class GatePolicy(Closed):
    """The requirements a candidate must meet to enter service."""

    min_roc_auc: Number = Field(
        default=0.80, ge=0, le=1, description="Minimum ROC-AUC; reaching min_f1 is enough."
    )
    min_f1: Number = Field(
        default=0.60, ge=0, le=1, description="Minimum F1; reaching min_roc_auc is enough."
    )
    max_parity_difference: Number = Field(
        default=1e-5, gt=0, le=1e-2, description="Largest gap between exported and torch probabilities."
    )
    max_student_difference: Number = Field(
        default=0.005,
        gt=0,
        le=1,
        description="Largest mean gap between a student's probabilities and its teacher's.",
    )
    min_same_first_reason: Number = Field(
        default=0.95, ge=0, le=1, description="Smallest share of customers with the teacher's first reason."
    )
    auc_margin: Number = Field(
        default=0.005, ge=0, le=0.1, description="Allowed loss in ROC-AUC against the baseline or champion."
    )
    not_proven: Literal["promote", "refuse"] = Field(
        default="promote", description="What to do with a candidate whose non-inferiority is not proven."
    )
    max_ece: Number = Field(
        default=0.05, gt=0, le=1, description="Warn above this expected calibration error."
    )
    max_slice_gap: Number = Field(
        default=0.20,
        gt=0,
        le=1,
        description="Warn if recall differs by more between groups of a protected attribute.",
    )
    switched_off: tuple[GateCheckName, ...] = Field(
        default=(), description="Checks to skip; listed in the manifest and in the summary."
    )


class TrainConfig(Closed):
    """Everything that determines the model trained on an extract, and nothing else."""

    ingest: IngestConfig = IngestConfig()
    simulation: SimulationConfig = SimulationConfig()
    outcome: OutcomeConfig = OutcomeConfig()
    split: SplitConfig = SplitConfig()
    encoding: EncodingConfig = EncodingConfig()
    fit: FitConfig = FitConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GatePolicy = GatePolicy()


def _named(path: Path) -> Path:
    if path == Path():
        raise ValueError("is empty, which would be the current folder")
    return path


ListPath = Annotated[Path, AfterValidator(_named)]


LIST_HOURS: Final = 48
"""The age up to which a contact list is used, in hours."""


MAX_BAD_SHARE: Final = 0.05
"""The share of a contact list's rows from which it is refused, if they are bad."""


class ContactsConfig(Closed):
    """The contact lists that the CRM maintains (docs/data-contract.md)."""

    objections: ListPath = Field(
        description="CSV file of the customers who objected, or a folder whose newest objections*.csv is"
        " read; none of them is scored."
    )
    basis: ListPath | None = Field(
        default=None,
        description="CSV file of the basis on which each customer may be contacted by a channel, or a folder"
        " whose newest basis*.csv is read.",
    )
    max_age_hours: StrictInt = Field(
        default=LIST_HOURS,
        ge=1,
        le=8_760,
        description="With an older list nobody is scored: hours since the end of the day in its name or,"
        " without one, since its last change.",
    )
    max_quarantined_share: Number = Field(
        default=MAX_BAD_SHARE,
        gt=0,
        le=1,
        description="A list is refused if this share of its rows, or more, is bad.",
    )


LOCAL: Final = "threads"
"""The runner without a cluster: threads in this process."""


class ScoreConfig(Closed):
    """Everything that determines how a nightly run scores."""

    ingest: IngestConfig = IngestConfig()
    contacts: ContactsConfig | None = Field(
        default=None,
        description="Contact lists; without them, whoever objected by the last ones is still left out.",
    )
    timezone: Timezone = DEFAULT_TIMEZONE
    threads: StrictInt = Field(
        default=2,
        ge=1,
        le=256,
        description="Blocks of the extract scored in parallel.",
    )
    partition_bytes: StrictInt = Field(
        default=256 * 2**20,
        ge=2**20,
        description="Bytes of a CSV file in each partition of a cluster run; other files are not split.",
    )
    settle_seconds: Number = Field(
        default=2.0,
        ge=0,
        le=3_600,
        description="Quiet period: an extract that changes within it is left for the next run.",
    )
    keep_days: StrictInt = Field(default=90, ge=1, le=3_650, description="Days to keep published scores.")
    alarms: AlarmPolicy = AlarmPolicy()


class Locations(Closed):
    """Paths of everything written: below one home folder, except for Prefect's, which may be elsewhere."""

    home: Path
    prefect_home: Path | None = Field(default=None, description="Prefect's own folder, if it is elsewhere.")

    @property
    def prefect(self) -> Path:
        """Prefect's own folder: its database, the errors of its failed runs, and undelivered events."""
        return self.prefect_home or self.home / "prefect"

    @property
    def inbox(self) -> Path:
        """New extracts to score."""
        return self.home / "inbox"

    @property
    def work(self) -> Path:
        """Extracts and results in progress; between runs, extracts here have not been scored yet."""
        return self.home / "work"

    @property
    def archive(self) -> Path:
        """Extracts that were scored."""
        return self.home / "archive"

    @property
    def rejected(self) -> Path:
        """Extracts that broke the contract, each with its reason."""
        return self.home / "rejected"

    @property
    def contacts(self) -> Path:
        """Keyed fingerprints of the customers who objected, for runs without a list."""
        return self.home / "contacts"

    @property
    def proposals(self) -> Path:
        """Campaigns that were proposed, with how each was decided; no customer is in them."""
        return self.home / "proposals"

    @property
    def campaigns(self) -> Path:
        """Approved campaigns: lists of customers to contact, and their groups."""
        return self.home / "campaigns"

    @property
    def registry(self) -> Path:
        """Sealed bundles, the champion pointer and its history."""
        return self.home / "registry"

    @property
    def scores(self) -> Path:
        """Published scores, one folder per extract and bundle."""
        return self.home / "scores"

    @property
    def retention_log(self) -> Path:
        """The log of what sweeps deleted."""
        return self.home / "retention.jsonl"

    @property
    def retention_pending(self) -> Path:
        """What a sweep is deleting but has not logged yet."""
        return self.home / ".retention-pending.json"

    @property
    def presentations(self) -> Path:
        """Slides, one folder per bundle."""
        return self.home / "presentations"

    @property
    def runs(self) -> Path:
        """Checkpoints and TensorBoard logs from training runs."""
        return self.home / "runs"
