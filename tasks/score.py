"""Pin the champion once and score extracts by it, however large they are."""

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.config import ScoreConfig
from schemas.manifest import ExtractIdentity
from schemas.scores_name import ScoresName
from tasks.core import publishing, recording
from tasks.core import registry as registering
from tasks.core.bundle import Bundle, seal_files
from tasks.core.delivery import Delivery, Texts
from tasks.core.errors import BundleError, ConfigError, RegistryError
from tasks.core.extract.judging import Findings, Reading
from tasks.core.partitions import Partition, cut_partitions
from tasks.core.publishing import StagedScores
from tasks.core.recording import Recorded, Recordings
from tasks.core.streaming import Totals, score_stream
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

    def here(reading: Reading, scores: Path, meter: Meter) -> tuple[Findings, Totals]:
        return score_stream(
            Texts(sent, config.ingest.max_unpacked_bytes),
            reading,
            champion.scorer(),
            scores,
            threads=config.threads,
            on_block=meter.show,
        )

    return _stage(sent, champion, as_of, config, into, here, force=force)


@step(name="cut")
def cut(sent: Delivery, config: ScoreConfig) -> list[Partition]:
    """Cut an extract into what the workers of a cluster score."""
    partitions = cut_partitions(sent, config.partition_bytes)
    get_run_logger().info("extract %s: %d partitions", sent.extract_id, len(partitions))
    return partitions


@step(name="score-partition")
def score_partition(partition: Partition, champion: Bundle, config: ScoreConfig, folder: Path) -> Recorded:
    """Score a partition on a worker, into a file of a folder that all machines share.

    Raises:
        ConfigError: the worker does not see that folder, or the extract.
        ExtractError: the file or its header breaks the contract, or changed.
        BundleError: the bundle's examples are scored differently here, or a probability is not a
            number within 0 and 1.
        PublishError: the disk does not take the file.
    """
    if not folder.is_dir():
        raise ConfigError(
            "a worker does not see CHURN_HOME. Put it and the extract on a file system that all machines"
            " share, under the same paths."
        )
    scorer = champion.scorer()
    with publishing.on_disk(folder.name):
        return recording.score_partition(partition, scorer, config.ingest, folder)


@step(name="gather")
def gather(
    partitions: Recordings,
    folder: Path,
    sent: Delivery,
    champion: Bundle,
    as_of: date,
    config: ScoreConfig,
    into: Path,
    *,
    force: bool,
) -> StagedScores:
    """Put together what the partitions of an extract came to, as if it had been scored here.

    Raises:
        ExtractError: the extract breaks the contract as a whole.
        BundleError: a simulated champion would score real customers and `force` is not given.
        PublishError: the disk does not take the scores.
    """

    def from_workers(reading: Reading, scores: Path, meter: Meter) -> tuple[Findings, Totals]:
        return recording.gather(partitions, folder, reading, scores, on_partition=meter.show)

    return _stage(sent, champion, as_of, config, into, from_workers, force=force)


def _stage(
    sent: Delivery,
    champion: Bundle,
    as_of: date,
    config: ScoreConfig,
    into: Path,
    fill: Callable[[Reading, Path, Meter], tuple[Findings, Totals]],
    *,
    force: bool,
) -> StagedScores:
    name = str(ScoresName(as_of, sent.extract_id, champion.manifest.bundle_id))
    stage = publishing.open_stage(into, name)
    logger = get_run_logger()
    meter = Meter(f"scoring extract {sent.extract_id}", logger)
    try:
        with (
            publishing.on_disk(name),
            closing(Reading(sent.name, "scoring", config.ingest, stage)) as reading,
        ):
            findings, totals = fill(reading, stage / publishing.SCORES, meter)
            publishing.write_quarantine(stage, reading.quarantine(findings.repeats))
            files = seal_files(stage)
        meter.end()
        _tell(findings, reading.ignored_columns, sent.extract_id)
        _refuse_other_origin(champion, findings, force=force)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    identity = ExtractIdentity(
        extract_id=sent.extract_id, sha256=sent.sha256, simulated=findings.simulated, counts=findings.counts
    )
    return StagedScores(stage, files, identity, reading.ignored_columns, totals)


def _tell(findings: Findings, ignored_columns: tuple[str, ...], extract_id: str) -> None:
    logger = get_run_logger()
    logger.info("extract %s: %s", extract_id, counts_line(findings.counts))
    if ignored_columns:
        logger.warning("Columns that scoring does not read are ignored: %s", ", ".join(ignored_columns))
    if findings.simulated:
        logger.warning("These customers are SIMULATED.")


def _refuse_other_origin(champion: Bundle, findings: Findings, *, force: bool) -> None:
    if champion.manifest.simulated and not findings.simulated and not force:
        raise BundleError(
            f"the champion '{champion.manifest.bundle_id}' learnt from simulated customers and says nothing"
            " about real ones. Train on a real extract first, or insist with --force."
        )
