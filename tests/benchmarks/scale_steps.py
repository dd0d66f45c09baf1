"""What a run on a cluster consists of, each step measured in a process of its own.

One is run by `python -m tests.benchmarks.scale_steps STEP EXTRACT MODELS WORK`; it writes `WORK/STEP.json`.
"""

import json
import pickle
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import distributed

from schemas.config import ScoreConfig
from schemas.manifest import BundleManifest
from schemas.preprocessing import Examples
from schemas.reports import JudgedEvaluation
from tasks.cluster import Cluster
from tasks.core.bundle.bundle_files import EXAMPLES, Bundle, open_staged
from tasks.core.engine.partition_results import Recorded, gather, score_partition
from tasks.core.engine.partitions import cut_partitions
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, identify
from tasks.core.jobs.scoring_job import Engine, ScoringJob, score_by_threads, stage_scores
from tasks.core.scores.publish import StagedScores
from tasks.core.storage.atomic import make_folder
from tests.benchmarks.pipelines import BUNDLE

WORKERS: Final = 2
_FEWEST_PARTITIONS: Final = 4
_WARM_UP_BYTES: Final = 8 * 2**20
"""A partition or more for each worker."""
_RECORDS, _RECORDED = "records", "recorded.pickle"
"""What the step `worker` leaves in the work folder for `driver`: the records, and what they contain."""
_PEAK: Final = re.compile(r"VmHWM:\s+([0-9]+) kB")


@dataclass
class Measured:
    """What a step took, in wall and processor seconds of its own process, and what it found.

    Imports and the loading of compiled code are not timed.
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    found: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Add the time of a block."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


def cut(extract: Path, _models: Path, _work: Path) -> Measured:
    """Hash an extract and cut it into partitions, as the driver does first."""
    measured = Measured()
    with measured.timing():
        delivery = identify(ExtractPath(extract, delivered=False))
    hashing = measured.wall
    with measured.timing():
        cut_partitions(delivery, _config(delivery).partition_bytes)
    measured.found = {"hashing": hashing}
    return measured


def worker(extract: Path, models: Path, work: Path) -> Measured:
    """Score all partitions, one after the other, as a single worker."""
    job = _job(extract, models, work)
    folder = work / _RECORDS
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    _warm_up(score_by_threads, extract, models, work)
    recorded = []
    measured = Measured()
    for partition in cut_partitions(job.delivery, job.config.partition_bytes):
        with measured.timing():
            recorded.append(score_partition(partition, job.champion.scorer(), job.config.ingest, folder))
    (work / _RECORDED).write_bytes(pickle.dumps(recorded))
    measured.found = {"record_bytes": sum(path.stat().st_size for path in folder.iterdir())}
    return measured


def driver(extract: Path, models: Path, work: Path) -> Measured:
    """Gather the records that the step `worker` left."""
    job = _job(extract, models, work)
    recorded: list[Recorded] = pickle.loads((work / _RECORDED).read_bytes())  # noqa: S301 our own
    _warm_up(score_by_threads, extract, models, work)
    measured = Measured()
    with measured.timing():
        staged = stage_scores(
            job,
            lambda reading, scores, on_partition: gather(
                recorded, work / _RECORDS, reading, scores, on_partition=on_partition
            ),
        )
    measured.found = _seals(staged)
    return measured


def threads(extract: Path, models: Path, work: Path) -> Measured:
    """Score by two threads of one process, without a cluster."""
    job = _job(extract, models, work)
    _warm_up(score_by_threads, extract, models, work)
    measured = Measured()
    with measured.timing():
        staged = score_by_threads(job)
    measured.found = _seals(staged)
    return measured


def cluster(extract: Path, models: Path, work: Path) -> Measured:
    """Score by two Dask workers of this machine, timed from the first partition that is submitted.

    `cpu` is the driver's alone; the workers' peak memory is among what is found.
    """
    job = _job(extract, models, work)
    here = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**here) as started, distributed.Client(started) as client:
        client.wait_for_workers(WORKERS)
        _warm_up(Cluster(lambda: client, "dask", work), extract, models, work)
        measured = Measured()
        with ExitStack() as timed:

            def connect() -> distributed.Client:
                timed.enter_context(measured.timing())
                return client

            staged = Cluster(connect, "dask", work)(job)
        measured.found = {**_seals(staged), "workers_peak_mb": max(client.run(_peak_mb).values())}
    return measured


STEPS: Final = {step.__name__: step for step in (cut, worker, driver, threads, cluster)}
"""By name, in an order in which they can run."""


def _config(delivery: Delivery) -> ScoreConfig:
    """Return the default settings, with smaller partitions if an extract would have few."""
    usual = ScoreConfig().partition_bytes
    return ScoreConfig(partition_bytes=min(usual, max(2**20, delivery.size // _FEWEST_PARTITIONS)))


def _job(extract: Path, models: Path, work: Path) -> ScoringJob:
    delivery = identify(ExtractPath(extract, delivered=False))
    today = datetime.now(UTC).date()
    champion = _champion(models / BUNDLE)
    return ScoringJob(delivery, champion, today, _config(delivery), make_folder(work / "scores"), force=True)


def _champion(folder: Path) -> Bundle:
    """Return a staged bundle as if it were sealed; it has no evaluation, which no score depends on."""
    staged = open_staged(folder)
    manifest = BundleManifest.model_construct(bundle_id=staged.scoring_sha256[0][:16], simulated=False)
    return Bundle(
        manifest=manifest,
        manifest_sha256=staged.scoring_sha256[0],
        onnx=staged.onnx,
        spec=staged.spec,
        cut_points=staged.cut_points,
        examples=Examples.model_validate_json((folder / EXAMPLES).read_bytes()),
        evaluation=JudgedEvaluation.model_construct(),
    )


def _warm_up(engine: Engine, extract: Path, models: Path, work: Path) -> None:
    """Score the first customers, so that every process has loaded code and model: that is start-up."""
    folder = make_folder(work / "warm-up")
    with extract.open("rb") as file:
        (folder / extract.name).write_bytes(b"".join(file.readlines(_WARM_UP_BYTES)))
    engine(_job(folder / extract.name, models, folder))
    shutil.rmtree(folder)


def _seals(staged: StagedScores) -> dict[str, str]:
    """Return the hash of every file of the scores, by name, and delete them."""
    shutil.rmtree(staged.folder)
    return {name: seal.sha256 for name, seal in staged.files.items()}


def _peak_mb() -> float:
    found = _PEAK.search(Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Run the step that the command line names."""
    step, *folders = sys.argv[1:]
    extract, models, work = map(Path, folders)
    measured = STEPS[step](extract, models, work)
    measured.peak_mb = _peak_mb()
    (work / f"{step}.json").write_text(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
