"""A Dask scheduler and worker processes, started as an operator would."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.harness.server import ROOT, free_port, started

DASK = (sys.executable, "-m", "dask")


@contextmanager
def dask_cluster(env: dict[str, str], logs: Path, *, workers: int, preload: str) -> Iterator[str]:
    """Start them; return the value of `--runner`. A worker that dies is not restarted."""
    port = free_port()
    scheduler = (*DASK, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = (*DASK, "worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
    with ExitStack() as programs:
        programs.enter_context(started(*scheduler, env=env, cwd=ROOT, log=logs / "dask-scheduler.log"))
        for number in range(workers):
            log = logs / f"dask-worker-{number}.log"
            programs.enter_context(started(*worker, "--preload", preload, env=env, cwd=ROOT, log=log))
        yield f"dask://127.0.0.1:{port}"
