"""Score partitions on a Dask cluster."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from schemas.config import LOCAL, ScoreConfig
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.contract.objections import Objections
from tasks.core.engine import partition_results
from tasks.core.engine.partition_results import Recorded
from tasks.core.engine.partitions import Partition, cut_partitions
from tasks.core.engine.stream import Progress, Totals
from tasks.core.errors import ConfigError
from tasks.core.extract.whole.whole_extract import Findings, Reading
from tasks.core.jobs.scoring_job import Engine, ScoringJob, score_by_threads, stage_scores
from tasks.core.scores import publish
from tasks.core.scores.publish import StagedScores
from tasks.core.steps import log, step
from tasks.core.storage.spill import shared_folder

_SCHEME: Final = "dask"
_SECONDS_FOR_A_WORKER: Final = 60


@contextmanager
def engine_of(runner: str, workers: int, work: Path) -> Iterator[Engine]:
    """Use the runner `threads`, `dask` (a cluster of `workers` processes here) or `dask://host:port`.

    A cluster is contacted only when there is something to score; its workers write into `work`.

    Raises:
        ConfigError: the runner is not one of these, or the extra that it needs is not installed.
    """
    if runner == LOCAL:
        yield score_by_threads
        return
    address = _address(runner)
    try:
        import distributed  # noqa: PLC0415 an extra
    except ImportError:
        raise ConfigError(
            "--runner dask needs packages that are not installed. Run"
            " pip install -c constraints.txt -e '.[dask]'."
        ) from None
    logging.getLogger("distributed").setLevel(logging.WARNING)  # it logs every connection
    with ExitStack() as started:

        def connect() -> Any:
            if address is not None:
                return started.enter_context(distributed.Client(address))
            here = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
            return started.enter_context(
                distributed.Client(started.enter_context(distributed.LocalCluster(**here)))
            )

        yield Cluster(connect, runner, work)


class Cluster:
    """Scores a job on a cluster's workers; the output is the same as with threads."""

    def __init__(self, connect: Callable[[], Any], name: str, work: Path) -> None:
        """Store how to connect; `name` is the runner as the operator gave it."""
        self._connect, self._name, self._work = connect, name, work
        self._client: Any = None

    def __call__(self, job: ScoringJob) -> StagedScores:
        """Split an extract, score its partitions on the workers, and merge the results.

        Raises:
            ConfigError: the cluster cannot be reached, has no workers, or lost too many of them.
            ExtractError: the extract breaks the contract as a whole.
            BundleError: a champion trained on simulated customers would score real ones without `force`.
            PublishError: the scores could not be written.
        """
        with shared_folder(self._work, f"partitions-{job.delivery.extract_id}") as folder:
            return _gather(job, self._score(_cut(job), job, folder), folder)

    def _score(self, partitions: list[Partition], job: ScoringJob, folder: Path) -> "Results":
        try:
            self._client = self._client or self._connect()
            self._client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
        except OSError:  # TimeoutError is one
            raise ConfigError(
                f"--runner {self._name}: no scheduler with a worker answers. Start both"
                " (docs/scale.md), or leave out --runner."
            ) from None
        objections = self._client.scatter([job.objections], broadcast=True)[0] if job.objections else None
        submit, common = self._client.submit, (job.champion, job.config, folder, objections)
        return Results(
            [submit(_score_partition, each, *common, pure=False) for each in partitions], self._name
        )


class Results:
    """The workers' results for each partition, in order; may be iterated again."""

    def __init__(self, futures: list[Any], name: str) -> None:
        """Store the futures without waiting for them."""
        self._futures, self._name = futures, name

    def __len__(self) -> int:
        """Return the number of partitions."""
        return len(self._futures)

    def __iter__(self) -> Iterator[Recorded]:
        """Wait for each partition. If a worker dies, its partitions are scored again by another.

        Raises:
            ConfigError: the cluster lost too many workers, or its scheduler.
        """
        from distributed import KilledWorker  # noqa: PLC0415 an extra

        try:
            for future in self._futures:
                yield _wait_for(future)
        except (KilledWorker, CancelledError):
            raise ConfigError(
                f"--runner {self._name}: the cluster lost its scheduler or too many workers. Read their"
                " logs, give them more memory (docs/scale.md), then run again."
            ) from None


@step("cut")
def _cut(job: ScoringJob) -> list[Partition]:
    """Split an extract into partitions for a cluster's workers."""
    partitions = cut_partitions(job.delivery, job.config.partition_bytes)
    log.info("extract %s: %d partitions", job.delivery.extract_id, len(partitions))
    return partitions


@step("score-partition")
def _wait_for(future: Any) -> Recorded:
    """Wait until a worker has scored a partition."""
    recorded: Recorded = future.result()
    return recorded


@step("gather")
def _gather(job: ScoringJob, partitions: Results, folder: Path) -> StagedScores:
    """Merge the results of an extract's partitions, as if it had been scored here."""

    def from_workers(
        reading: Reading, scores: Path, on_partition: Callable[[Progress], None]
    ) -> tuple[Findings, Totals]:
        return partition_results.gather(partitions, folder, reading, scores, on_partition=on_partition)

    return stage_scores(job, from_workers)


def _score_partition(
    partition: Partition,
    champion: Bundle,
    config: ScoreConfig,
    folder: Path,
    objections: Objections | None,
) -> Recorded:
    """Score a partition on a worker, into a file in a folder that all machines share.

    Raises:
        ConfigError: the worker cannot see that folder, or the extract.
        ExtractError: the file or its header breaks the contract, or changed.
        BundleError: the bundle scores its examples differently here, or a probability is not a
            number between 0 and 1.
        PublishError: the file could not be written.
    """
    if not folder.is_dir():
        raise ConfigError(
            "a worker cannot see CHURN_HOME or the extract. Put both on a file system that all"
            " machines share, under the same paths."
        )
    scorer = champion.scorer()
    with publish.translate_disk_errors(folder.name):
        return partition_results.score_partition(
            partition, scorer, config.ingest, folder, objections=objections
        )


def _address(runner: str) -> str | None:
    """Return a scheduler's address in Dask's notation; None for a local cluster."""
    if runner == _SCHEME:
        return None
    try:
        parts = urlsplit(runner)
        known = parts.scheme == _SCHEME and parts.hostname and parts.port and runner.count("/") == 2  # noqa: PLR2004
    except ValueError:  # of the port
        known = False
    if not known:
        raise ConfigError(f"--runner {runner}: expected '{LOCAL}', 'dask' or 'dask://host:port'.")
    return f"tcp://{parts.netloc}"
