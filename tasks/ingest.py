"""Read a labelled extract, or simulate one, and check it against the contract."""

from pathlib import Path

from schemas.config import IngestConfig, SimulationConfig
from tasks.core.contract.quirks import quirks_line
from tasks.core.errors import listing
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts, identify
from tasks.core.report.summary import counts_line
from tasks.core.simulator.customer_frame import simulate
from tasks.core.steps import log, step


@step("ingest")
def ingest(path: Path, config: IngestConfig) -> Extract:
    """Read the labelled extract at `path`; log counts and column names, never a value."""
    delivery = identify(ExtractPath(path, delivered=False))
    texts = Texts(delivery, config)
    return _logged(read_texts(texts, path.name, delivery.sha256, "training", config))


@step("ingest-simulated")
def ingest_simulated(simulation: SimulationConfig, config: IngestConfig) -> Extract:
    """Simulate a CRM extract and read it exactly as a real one would be."""
    log.warning("No --extract given: training on SIMULATED customers.")
    table = simulate(simulation.rows, simulation.seed)
    return _logged(read_extract(table.to_csv(index=False).encode(), "simulated.csv", "training", config))


def _logged(extract: Extract) -> Extract:
    log.info("extract %s: %s", extract.extract_id, counts_line(extract.counts))
    if extract.ignored_columns:
        log.warning("Columns outside the contract are ignored: %s", listing(extract.ignored_columns))
    if extract.quirks:
        log.warning("Read although written otherwise: %s", quirks_line(extract.quirks))
    if extract.simulated:
        log.warning("These customers are SIMULATED.")
    return extract
