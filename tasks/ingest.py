"""Read a labelled extract, or simulate one, and check it against the contract."""

from pathlib import Path

from schemas.config import IngestConfig, SimulationConfig
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.intake import delivery
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts
from tasks.core.report.summary import counts_line
from tasks.core.simulator.customer_frame import simulate
from tasks.core.steps import log, step


@step("ingest")
def ingest(path: Path, config: IngestConfig) -> Extract:
    """Read the labelled extract at `path`; log counts and column names, never a value."""
    sent = delivery.identify(ExtractPath(path, delivered=False))
    texts = Texts(sent, config)
    return _told(read_texts(texts, path.name, sent.sha256, "training", config))


@step("ingest-simulated")
def ingest_simulated(simulation: SimulationConfig, config: IngestConfig) -> Extract:
    """Simulate a CRM extract and read it exactly as a real one would be."""
    log.warning("No --extract given: learning from SIMULATED customers.")
    table = simulate(simulation.rows, simulation.seed)
    return _told(read_extract(table.to_csv(index=False).encode(), "simulated.csv", "training", config))


def _told(extract: Extract) -> Extract:
    log.info("extract %s: %s", extract.extract_id, counts_line(extract.counts))
    if extract.ignored_columns:
        log.warning("Columns outside the contract are ignored: %s", ", ".join(extract.ignored_columns))
    if extract.simulated:
        log.warning("These customers are SIMULATED.")
    return extract
