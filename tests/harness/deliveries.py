"""Nights without a model: the real night drains an inbox and publishes tiny scores."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from schemas.config import IngestConfig, Locations, ScoreConfig
from schemas.cut_points import CutPoints
from schemas.manifest import MODEL, BundleManifest, ExtractIdentity, FileSeal, ScoresManifest
from schemas.preprocessing import Examples, Spec
from schemas.reports import GateDecision, JudgedEvaluation, RowCounts
from schemas.scores_name import ScoresName
from schemas.scoring_inputs import ScoringInputs
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.engine.stream import Totals
from tasks.core.intake import inbox
from tasks.core.jobs import score_night
from tasks.core.jobs.night_outcome import NightOutcome
from tasks.core.jobs.scoring_job import ScoringJob
from tasks.core.scores import latest, publish
from tasks.core.scores.publish import StagedScores
from tasks.core.storage.atomic import make_folder, write_new
from tasks.core.storage.seals import seal_files
from tests.harness.environment import SECRET

COUNTS = RowCounts(received=13, accepted=10, quarantined=2, exact_duplicates=1, blank_lines=0)
BUNDLE = "b" * 16
INPUTS = ScoringInputs.of(IngestConfig())
"""What scores with default settings depend on."""


def publish_scores(
    scores: Path,
    as_of: date,
    extract: str,
    at: datetime,
    *,
    bundle: str = BUNDLE,
    inputs: ScoringInputs = INPUTS,
    counts: RowCounts = COUNTS,
    **facts: Any,
) -> Path:
    """Publish scores of ten customers as the night does; `extract` is an id."""
    stage = publish.open_stage(scores, str(ScoresName(as_of, extract, bundle, inputs.inputs_id)))
    write_new(stage / publish.SCORES, f"scores of {extract} by {bundle}\n".encode())
    manifest = ScoresManifest(
        files=seal_files(stage),
        as_of_date=as_of,
        extract=ExtractIdentity(extract_id=extract, sha256=extract * 4, simulated=False, counts=counts),
        ignored_columns=(),
        bundle_id=bundle,
        bundle_manifest_sha256="c" * 64,
        bundle_simulated=False,
        inputs_id=inputs.inputs_id,
        inputs=inputs,
        gate_outcome="passed",
        forced=False,
        scored=10,
        flagged=3,
        out_of_domain=0,
        supersedes=latest.superseded_by(scores, as_of, extract),
        versions={},
        scored_at=at,
        expires_on=at.date() + timedelta(days=90),
    )
    return publish.publish_folder(stage, scores, manifest.model_copy(update=facts))


CHAMPION = Bundle(
    manifest=BundleManifest.model_construct(
        bundle_id=BUNDLE,
        files={MODEL: FileSeal(sha256="e" * 64, size=0)},
        simulated=False,
        gate=GateDecision.model_construct(outcome="passed"),
    ),
    manifest_sha256="c" * 64,
    onnx=b"",
    spec=Spec.model_construct(),
    cut_points=CutPoints.model_construct(),
    examples=Examples.model_construct(),
    evaluation=JudgedEvaluation.model_construct(),
)
"""A champion in name only."""


def engine(job: ScoringJob) -> StagedScores:
    """Score ten customers, whatever the extract contains."""
    delivery = job.delivery
    name = ScoresName(job.as_of, delivery.extract_id, job.bundle_id, job.inputs.inputs_id)
    stage = publish.open_stage(job.scores, str(name))
    write_new(stage / publish.SCORES, f"scores of {delivery.extract_id} by {job.bundle_id}\n".encode())
    extract = ExtractIdentity(
        extract_id=delivery.extract_id, sha256=delivery.sha256, simulated=False, counts=COUNTS
    )
    return StagedScores(stage, seal_files(stage), extract, (), Totals(10, 3, 0))


def _clock() -> Iterator[datetime]:
    return (datetime(2099, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in count())


@dataclass
class Drain:
    """A home whose inbox the real night drains, with a stub champion and a stub engine."""

    home: Path
    clock: Iterator[datetime] = field(default_factory=_clock)

    @property
    def places(self) -> Locations:
        """Say where everything lies."""
        return Locations(home=self.home)

    def deliver(self, name: str, content: bytes) -> Path:
        """Put a file into the inbox."""
        path = make_folder(self.places.inbox) / name
        path.write_bytes(content)
        return path

    def take(self) -> inbox.Taken:
        """Take what is in the inbox, assuming that nothing changes."""
        places = self.places
        inbox.confirm(places.inbox, places.work)
        before = inbox.look(places.inbox), inbox.look(places.work)
        return inbox.take(places.inbox, places.work, before)

    def night(self, extract: Path | None = None, as_of: date | None = None) -> NightOutcome:
        """Score and archive everything waiting, or score an extract; each look at the clock takes an hour."""
        with patch.object(score_night, "pin_champion", return_value=CHAMPION):
            return score_night.score_night(
                secret=SECRET,
                home=self.places,
                config=ScoreConfig(settle_seconds=0),
                now=lambda: next(self.clock),
                extract=extract,
                as_of=as_of,
                engine=engine,
            )

    def files(self, *folders: str) -> dict[str, bytes]:
        """Return every file of some folders, except manifests, which contain timestamps."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for folder in folders
            for path in sorted((self.home / folder).rglob("*"))
            if path.is_file() and path.name not in ("manifest.json", latest.LATEST)
        }

    @property
    def latest(self) -> str | None:
        """Return the name of the folder that the pointer names."""
        found = latest.read_latest(self.places.scores)
        return found.folder if found else None
