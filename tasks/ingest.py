"""Read an extract, or simulate one, and judge it by the contract."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from prefect.logging import get_run_logger

from schemas.config import IngestConfig, Locations, SimulationConfig
from tasks.core import delivery, inbox
from tasks.core.dating import date_of, oldest_first
from tasks.core.delivered_file import ExtractPath
from tasks.core.delivery import Delivery, Texts
from tasks.core.errors import PublishError
from tasks.core.extract.reading import Extract, read_extract, read_texts
from tasks.core.filing import file_late_sidecars
from tasks.core.publishing import published_day
from tasks.core.sidecar import hold_to_sidecar
from tasks.core.simulator.frame import simulate
from tasks.core.summary import counts_line
from tasks.step import step

_STUCK: Final = (
    "sidecars in inbox/ that came late and may not be moved to archive/: {}."
    " Mend their rights or the inbox's, or delete them."
)


@step(name="ingest")
def ingest(path: Path, config: IngestConfig) -> Extract:
    """Read the labelled extract at `path`; log counts and column names, never a value."""
    sent = delivery.identify(ExtractPath(path, delivered=False))
    texts = Texts(sent, config.max_unpacked_bytes)
    return _told(read_texts(texts, path.name, sent.sha256, "training", config))


@step(name="ingest-simulated")
def ingest_simulated(simulation: SimulationConfig, config: IngestConfig) -> Extract:
    """Simulate a CRM extract and read it exactly as a real one would be."""
    get_run_logger().warning("No --extract given: learning from SIMULATED customers.")
    table = simulate(simulation.rows, simulation.seed)
    return _told(read_extract(table.to_csv(index=False).encode(), "simulated.csv", "training", config))


@step(name="identify")
def identify(path: Path, *, delivered: bool) -> Delivery:
    """Hash the extract at `path`. Of a `delivered` one nothing is trusted: it must be as its sidecar says."""
    sent = delivery.identify(ExtractPath(path, delivered=delivered))
    get_run_logger().info("extract %s: %d bytes", sent.extract_id, sent.size)
    if delivered:
        hold_to_sidecar(path, sent.sha256)
    return sent


@step(name="date-extract")
def date_extract(sent: Delivery, asked: date | None, scores: Path, *, delivered: bool) -> date:
    """Find the day an extract speaks of; one that is `delivered` again keeps the day it was scored for."""
    before = published_day(scores, sent.extract_id) if delivered else None
    if before is not None:
        logger = get_run_logger()
        logger.info("extract %s was scored before, as of %s", sent.extract_id, before)
        if asked not in (None, before):
            logger.warning(
                "--as-of %s does not hold for extract %s, which keeps its day. For another day, move its"
                " folders of scores away first.",
                asked,
                sent.extract_id,
            )
        return before
    return date_of(sent.given, asked, datetime.now(tz=UTC).date())


@step(name="take-inbox")
def take_inbox(home: Locations, settle_seconds: float) -> tuple[list[Path], list[PublishError]]:
    """Take the extracts that wait, once they have not changed for a while; list them oldest first.

    What keeps no extract from being scored is no error yet, but given for the run's end.
    """
    inbox.confirm(home.inbox, home.work)
    before = inbox.look(home.inbox), inbox.look(home.work)
    if any(before):
        time.sleep(settle_seconds)
    stuck = file_late_sidecars(home.inbox, home.archive)
    taken = inbox.take(home.inbox, home.work, before)
    logger = get_run_logger()
    logger.info("inbox: %d extracts taken, %d left for the next run", len(taken.paths), taken.left)
    if taken.lone_sidecars:
        logger.warning("inbox: %d .sha256 files have no extract", taken.lone_sidecars)
    unfiled = [PublishError(_STUCK.format(stuck))] if stuck else []
    return oldest_first(taken.paths, datetime.now(tz=UTC).date()), unfiled


def _told(extract: Extract) -> Extract:
    logger = get_run_logger()
    logger.info("extract %s: %s", extract.extract_id, counts_line(extract.counts))
    if extract.ignored_columns:
        logger.warning("Columns outside the contract are ignored: %s", ", ".join(extract.ignored_columns))
    if extract.simulated:
        logger.warning("These customers are SIMULATED.")
    return extract
