"""Reach the machines that score partitions: a Dask cluster, by Prefect's task runner."""

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from prefect import Task

from tasks.core.errors import ConfigError

LOCAL: Final = "threads"
"""The runner that needs no cluster: the threads of this process."""

_SCHEME: Final = "dask"
_SECONDS_FOR_A_WORKER: Final = 60


class Cluster:
    """A cluster that is connected to when the first work is submitted."""

    def __init__(self, runner: Any, name: str) -> None:
        """Use a started `DaskTaskRunner`; the operator knows it by the `name` he gave."""
        self._runner, self._name = runner, name

    def map(self, task: "Task[..., Any]", work: list[dict[str, Any]]) -> "Results":
        """Run a step once for each set of parameters.

        Raises:
            ConfigError: the cluster cannot be reached, or has no workers.
        """
        try:
            self._runner.client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
        except OSError:  # TimeoutError is one
            raise ConfigError(
                f"--runner {self._name}: no scheduler with a worker answers. Start both"
                " (docs/scale.md), or leave --runner out."
            ) from None
        return Results([self._runner.submit(task, parameters) for parameters in work], self._name)


class Results:
    """What steps on a cluster gave, in order; may be gone through again."""

    def __init__(self, futures: list[Any], name: str) -> None:
        """Wait for nothing yet."""
        self._futures, self._name = futures, name

    def __len__(self) -> int:
        """Count the steps."""
        return len(self._futures)

    def __iter__(self) -> Iterator[Any]:
        """Wait for each. A worker that dies loses nothing: what it was doing is done again by another.

        Raises:
            ConfigError: the cluster lost too many workers, or its scheduler.
        """
        from distributed import KilledWorker  # noqa: PLC0415 an extra

        try:
            for future in self._futures:
                yield future.result()
        except (KilledWorker, CancelledError):
            raise ConfigError(
                f"--runner {self._name}: the cluster lost workers again and again, or its scheduler."
                " See the workers' logs, give them more memory (docs/scale.md) and run again."
            ) from None


@contextmanager
def cluster(runner: str, workers: int) -> Iterator[Cluster | None]:
    """Use the runner `threads` (None), `dask` (a cluster of `workers` processes here) or `dask://host:port`.

    Raises:
        ConfigError: it is none of these, or the extra that it needs is not installed.
    """
    if runner == LOCAL:
        yield None
        return
    address = _address(runner)
    try:
        from prefect_dask import DaskTaskRunner  # noqa: PLC0415 an extra
    except ImportError:
        raise ConfigError(
            "--runner dask needs packages that are not installed:"
            " pip install -c constraints.txt -e '.[dask]'."
        ) from None
    logging.getLogger("distributed").setLevel(logging.WARNING)  # it tells of every connection
    here = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with DaskTaskRunner(address=address, cluster_kwargs=None if address else here) as started:
        yield Cluster(started, runner)


def _address(runner: str) -> str | None:
    """Give the address of a scheduler as Dask writes it; None for a cluster of our own."""
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
