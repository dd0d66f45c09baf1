"""Read an extract, or simulate one, and judge it by the contract."""

from datetime import UTC, date, datetime
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.config import IngestConfig, SimulationConfig
from tasks.core import delivery
from tasks.core.delivered_file import unreadable
from tasks.core.delivery import Delivery, Texts
from tasks.core.extract.dates import as_of_date
from tasks.core.extract.reading import Extract, read_extract, read_texts
from tasks.core.inbox import take
from tasks.core.simulator.frame import simulate
from tasks.core.summary import counts_line
from tasks.step import step


@step(name="ingest")
def ingest(path: Path, config: IngestConfig) -> Extract:
    """Read the labelled extract at `path`; log counts and column names, never a value."""
    sent = delivery.identify(path, delivered=False)
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
    """Hash the extract at `path`. Of a `delivered` one nothing is trusted: it must be a plain file."""
    sent = delivery.identify(path, delivered=delivered)
    get_run_logger().info("extract %s: %d bytes", sent.extract_id, sent.size)
    return sent


@step(name="date-extract")
def date_extract(path: Path, asked: date | None) -> date:
    """Find the day the extract at `path` speaks of."""
    try:
        modified = datetime.fromtimestamp(path.lstat().st_mtime, tz=UTC).date()
    except OSError as error:
        raise unreadable(path.name, error) from None
    return as_of_date(path.name, asked=asked, modified=modified, today=datetime.now(tz=UTC).date())


@step(name="take-inbox")
def take_inbox(inbox: Path, work: Path) -> list[Path]:
    """Take the extracts that wait."""
    paths = take(inbox, work)
    get_run_logger().info("inbox: %d extracts wait", len(paths))
    return paths


def _told(extract: Extract) -> Extract:
    logger = get_run_logger()
    logger.info("extract %s: %s", extract.extract_id, counts_line(extract.counts))
    if extract.ignored_columns:
        logger.warning("Columns outside the contract are ignored: %s", ", ".join(extract.ignored_columns))
    if extract.simulated:
        logger.warning("These customers are SIMULATED.")
    return extract
