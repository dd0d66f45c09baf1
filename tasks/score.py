"""Pin the champion once and score extracts by it, however large they are."""

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.config import ScoreConfig
from schemas.manifest import ExtractIdentity
from tasks.core import publishing
from tasks.core import registry as registering
from tasks.core.bundle import Bundle
from tasks.core.delivery import Delivery, Texts
from tasks.core.errors import BundleError, RegistryError
from tasks.core.extract.judging import Reading
from tasks.core.publishing import StagedScores
from tasks.core.streaming import score_stream
from tasks.core.summary import counts_line
from tasks.progress import Meter
from tasks.step import step


@step(name="pin-champion")
def pin_champion(registry: Path) -> Bundle:
    """Open the champion, verify every hash and prove it on its own examples.

    Raises:
        RegistryError: there is no champion, or its pointer cannot be read.
        BundleError: the bundle is not as sealed, or scores its examples differently.
    """
    bundle = registering.open_champion(registry)
    if bundle is None:
        raise RegistryError("there is no champion to score with. Train one: python flows/train_flow.py.")
    bundle.scorer()
    logger = get_run_logger()
    logger.info("champion: bundle %s (gate: %s)", bundle.manifest.bundle_id, bundle.manifest.gate.outcome)
    if bundle.manifest.simulated:
        logger.warning("The champion learnt from SIMULATED customers.")
    return bundle


@step(name="score")
def score(
    sent: Delivery, champion: Bundle, as_of: date, config: ScoreConfig, into: Path, *, force: bool
) -> StagedScores:
    """Score an extract's accepted customers, in order; set the others aside with their reasons.

    Raises:
        ExtractError: the extract breaks the contract as a whole.
        BundleError: a simulated champion would score real customers and `force` is not given,
            or a probability is not a number within 0 and 1.
        PublishError: the disk does not take the scores.
    """
    name = publishing.folder_name(as_of, sent.extract_id, champion.manifest.bundle_id)
    stage = publishing.open_stage(into, name)
    try:
        return _score(sent, champion, name, config, stage, force=force)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _score(
    sent: Delivery, champion: Bundle, name: str, config: ScoreConfig, stage: Path, *, force: bool
) -> StagedScores:
    logger = get_run_logger()
    meter = Meter(f"scoring extract {sent.extract_id}", logger)
    with closing(Reading(sent.path.name, "scoring", config.ingest, stage)) as reading:
        with publishing.on_disk(name):
            findings, totals = score_stream(
                Texts(sent, config.ingest.max_unpacked_bytes),
                reading,
                champion.scorer(chunk_rows=config.chunk_rows),
                stage / publishing.SCORES,
                threads=config.threads,
                on_block=meter.show,
            )
        publishing.write_quarantine(stage, reading.quarantine(findings.repeats))
    meter.end()
    logger.info("extract %s: %s", sent.extract_id, counts_line(findings.counts))
    if reading.ignored_columns:
        logger.warning("Columns outside the contract are ignored: %s", ", ".join(reading.ignored_columns))
    if findings.simulated:
        logger.warning("These customers are SIMULATED.")
    if champion.manifest.simulated and not findings.simulated and not force:
        raise BundleError(
            f"the champion '{champion.manifest.bundle_id}' learnt from simulated customers and says nothing"
            " about real ones. Train on a real extract first, or insist with --force."
        )
    identity = ExtractIdentity(
        extract_id=sent.extract_id, sha256=sent.sha256, simulated=findings.simulated, counts=findings.counts
    )
    return StagedScores(stage, name, identity, reading.ignored_columns, totals)
