"""Publish scores, archive what was scored, reject what could not be."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.config import ScoreConfig
from schemas.manifest import ScoresManifest
from tasks.core import filing, publishing
from tasks.core.bundle import Bundle
from tasks.core.delivered_file import ExtractPath
from tasks.core.delivery import Delivery
from tasks.core.errors import ExtractError
from tasks.core.latest import superseded_by
from tasks.core.provenance import versions
from tasks.core.publishing import StagedScores
from tasks.step import step


@step(name="find-published")
def find_published(sent: Delivery, champion: Bundle, scores: Path) -> Path | None:
    """Find the folder where this extract's scores by this champion already are."""
    found = publishing.find_published(scores, sent.extract_id, champion.manifest.bundle_id)
    if found is not None:
        get_run_logger().info(
            "extract %s was scored by this champion before: nothing to do, see %s", sent.extract_id, found
        )
    return found


@step(name="publish")
def publish(
    sent: Delivery,
    staged: StagedScores,
    champion: Bundle,
    as_of: date,
    config: ScoreConfig,
    scores: Path,
    *,
    forced: bool,
) -> Path:
    """Publish staged scores as one folder that appears whole.

    Raises:
        ChangedError: the extract is not what was scored any more.
        PublishError: the disk does not take the scores.
    """
    sent.confirm()
    supersedes = superseded_by(scores, as_of, sent.extract_id)
    if supersedes:
        get_run_logger().info("extract %s corrects %d published before", sent.extract_id, len(supersedes))
    now = datetime.now(tz=UTC)
    manifest = ScoresManifest(
        files=staged.files,
        as_of_date=as_of,
        extract=staged.extract,
        ignored_columns=staged.ignored_columns,
        bundle_id=champion.manifest.bundle_id,
        bundle_manifest_sha256=champion.manifest_sha256,
        bundle_simulated=champion.manifest.simulated,
        gate_outcome=champion.manifest.gate.outcome,
        forced=forced,
        scored=staged.totals.scored,
        flagged=staged.totals.flagged,
        out_of_domain=staged.totals.out_of_domain,
        supersedes=supersedes,
        versions=versions(),
        scored_at=now,
        expires_on=now.date() + timedelta(days=config.keep_days),
    )
    folder = publishing.publish(staged.folder, scores, manifest)
    get_run_logger().info("published: %s", folder)
    return folder


@step(name="archive")
def archive(sent: Delivery, as_of: date, folder: Path) -> None:
    """Move a scored extract out of the inbox."""
    filing.archive(sent, as_of, folder)


@step(name="reject")
def reject(path: Path, error: ExtractError, folder: Path, *, keep: bool) -> str:
    """File a refused extract with its reason; say in a line why and where."""
    place = filing.reject(ExtractPath(path, delivered=not keep), error, folder)
    return f"{error} See {place}."
