"""Nights without a model: an inbox is drained by the core's own functions, and tiny scores are published."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from schemas.config import Locations
from schemas.manifest import ExtractIdentity, ScoresManifest
from schemas.reports import RowCounts
from schemas.scores_name import ScoresName
from tasks.core import filing, inbox, latest, publishing
from tasks.core.bundle import seal_files
from tasks.core.dating import date_of, oldest_first
from tasks.core.delivered_file import ExtractPath
from tasks.core.delivery import identify
from tasks.core.files import make_folder, write_new
from tasks.core.sidecar import hold_to_sidecar

BUNDLE = "b" * 16
TODAY = date(2099, 1, 1)
"""Later than any file of a test."""


def publish_scores(
    scores: Path, as_of: date, extract: str, at: datetime, *, bundle: str = BUNDLE, **facts: Any
) -> Path:
    """Publish scores of ten customers as the night does; `extract` is an id."""
    stage = publishing.open_stage(scores, str(ScoresName(as_of, extract, bundle)))
    write_new(stage / publishing.SCORES, f"scores of {extract} by {bundle}\n".encode())
    counts = RowCounts(received=13, accepted=10, quarantined=2, exact_duplicates=1, blank_lines=0)
    manifest = ScoresManifest(
        files=seal_files(stage),
        as_of_date=as_of,
        extract=ExtractIdentity(extract_id=extract, sha256=extract * 4, simulated=False, counts=counts),
        ignored_columns=(),
        bundle_id=bundle,
        bundle_manifest_sha256="c" * 64,
        bundle_simulated=False,
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
    return publishing.publish(stage, scores, manifest.model_copy(update=facts))


def _clock() -> Iterator[datetime]:
    return (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in count())


@dataclass
class Drain:
    """A home whose inbox is drained by hand; an hour passes with each extract that is scored."""

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
        """Take what lies in the inbox, none of which changes."""
        places = self.places
        inbox.confirm(places.inbox, places.work)
        before = inbox.look(places.inbox), inbox.look(places.work)
        return inbox.take(places.inbox, places.work, before)

    def night(self) -> None:
        """Score and archive everything that waits."""
        places = self.places
        for path in oldest_first(self.take().paths, TODAY):
            as_of = date_of(ExtractPath(path, delivered=True), None, TODAY)
            sent = identify(ExtractPath(path, delivered=True))
            hold_to_sidecar(path, sent.sha256)
            if publishing.find_published(places.scores, sent.extract_id, BUNDLE) is None:
                publish_scores(places.scores, as_of, sent.extract_id, next(self.clock))
            latest.point_to_latest(places.scores, BUNDLE)
            filing.archive(sent, as_of, places.archive)

    def files(self, *folders: str) -> dict[str, bytes]:
        """Give every file of some folders, the manifests left out: they hold the clock."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for folder in folders
            for path in sorted((self.home / folder).rglob("*"))
            if path.is_file() and path.name not in ("manifest.json", latest.LATEST)
        }

    @property
    def latest(self) -> str | None:
        """Name the folder that the pointer leads to."""
        found = latest.read_latest(self.places.scores)
        return found.folder if found else None
