"""Manifests of results: what produced them from what, with the hash of every file."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.closed import Closed
from schemas.config import TrainConfig
from schemas.horizon import Horizon
from schemas.reports import GateDecision, Measures, RowCounts
from schemas.scores_name import ScoresFolder, ScoresName
from schemas.scoring_inputs import ScoringInputs
from schemas.split import SplitCuts
from schemas.timezone import Instant

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ShortId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]

MANIFEST = "manifest.json"
MODEL = "model.onnx"

ModelId = Annotated[
    ShortId | None,
    Field(description="First 16 hex digits of the SHA-256 of model.onnx; None if written before 2026-12."),
]


InputsId = Annotated[
    ShortId | None,
    Field(description="Identifies the settings that the scores depend on; None in format 1."),
]


class FileSeal(Closed):
    """The size and hash that a sealed file must have."""

    sha256: Sha256
    size: int = Field(ge=0, description="Bytes.")


class ExtractIdentity(Closed):
    """The extract that a result was made from; without its file name, since names can be personal."""

    extract_id: ShortId
    sha256: Sha256
    simulated: bool
    counts: RowCounts


class BundleManifest(Closed):
    """The seal of a bundle: `bundle_id` is the start of the hash over all other files' hashes."""

    format_version: Literal[1] = 1
    bundle_id: ShortId
    files: dict[str, FileSeal]
    simulated: bool
    extract: ExtractIdentity
    config: TrainConfig
    config_sha256: Sha256
    horizon: Horizon | None = Field(default=None, description="The label's; None in earlier versions.")
    split: SplitCuts
    metrics: Measures
    gate: GateDecision
    versions: dict[str, str]
    git_commit: str | None
    created_at: Instant
    training_seconds: float = Field(ge=0, description="Seconds spent fitting the network.")

    @property
    def model_id(self) -> str:
        """Identify the model as its report and card do; the bundle id is a hash over those."""
        return self.files[MODEL].sha256[:16]


class ContactsUsed(Closed):
    """The contact lists that a result was made with, by keyed hashes and counts."""

    objections_id: ShortId = Field(description="Keyed hash of everyone who objected.")
    objections: int = Field(ge=0, description="Customers who objected.")
    basis_id: ShortId | None = Field(
        default=None, description="Keyed hash of the bases; None without a list."
    )
    bases: int = Field(default=0, ge=0, description="Customers and channels with a basis.")
    quarantined: int = Field(default=0, ge=0, description="Rows of both lists that break their contract.")
    kept: bool = Field(
        default=False, description="Whether no list was configured, and the last one that was kept applies."
    )


class ScoresManifest(Closed):
    """The seal of one published folder of scores."""

    format_version: Literal[1, 2] = 2
    files: dict[str, FileSeal]
    as_of_date: date
    extract: ExtractIdentity
    ignored_columns: tuple[str, ...]
    bundle_id: ShortId
    model_id: ModelId = None
    bundle_manifest_sha256: Sha256
    bundle_simulated: bool
    horizon: Horizon | None = Field(default=None, description="The champion's; None if it has none.")
    inputs_id: InputsId = None
    inputs: ScoringInputs | None = Field(default=None, description="What they are; None in format 1.")
    contacts: ContactsUsed | None = Field(
        default=None, description="None if there were no objections to apply."
    )
    gate_outcome: Literal["passed", "not proven", "refused"]
    forced: bool = Field(description="Whether --force allowed a simulated champion to score real customers.")
    scored: int = Field(ge=0)
    flagged: int = Field(ge=0)
    out_of_domain: int = Field(ge=0)
    supersedes: tuple[ScoresFolder, ...] = Field(
        default=(),
        description="Folders of earlier extracts of the same day, which this one corrects.",
    )
    versions: dict[str, str]
    scored_at: Instant
    expires_on: date = Field(description="The folder is deleted after this day.")

    @property
    def name(self) -> ScoresName:
        """Name the folder in which the scores are published."""
        return ScoresName(self.as_of_date, self.extract.extract_id, self.bundle_id, self.inputs_id)


class Latest(Closed):
    """The content of `latest.json`: which published scores to use."""

    format_version: Literal[1] = 1
    as_of_date: date
    folder: ScoresFolder
    extract_id: ShortId
    bundle_id: ShortId
    inputs_id: InputsId = None
    manifest_sha256: Sha256


class Champion(Closed):
    """The content of `champion.json`, and a line of `history.jsonl`: one move of the pointer."""

    format_version: Literal[1] = 1
    sequence: int = Field(ge=1, description="Counts the moves of the pointer.")
    action: Literal["promote", "roll back"]
    bundle_id: ShortId
    model_id: ModelId = None
    manifest_sha256: Sha256
    previous: ShortId | None = Field(description="The bundle in service before this move.")
    forced: bool
    at: Instant
