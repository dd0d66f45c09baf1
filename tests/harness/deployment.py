"""The deployment as tests use it: its commands, its runs, and arriving extracts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.server import ROOT, Program, Server, settings, started, wait_until_healthy

DEPLOY = "sh deployments/deploy.sh"
WORKER = "prefect --no-prompt worker start --pool churn --name churn"
RUN = "prefect deployment run score/nightly --watch"
SERVE = "python deployments/serve.py"
DEPLOYMENTS = {
    deployment["name"]: deployment
    for deployment in yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
}


@contextmanager
def working(server: Server, home: FlowHome) -> Iterator[Program]:
    """Run a worker for a home, from a folder outside the project."""
    env, log = server.env_of(home.path), server.logs / "worker.log"
    now = datetime.now(tz=UTC)
    with started(*WORKER.split(), env=env, cwd=home.path, log=log) as program:
        wait_for_worker(server, now)
        yield program


@contextmanager
def serving_everything(home: FlowHome, folder: Path) -> Iterator[tuple[Server, Program]]:
    """Run what `make serve` runs, for a home; wait for its worker."""
    server = Server(settings(home.path), folder)
    now = datetime.now(tz=UTC)
    with started(*SERVE.split(), env=server.env, cwd=ROOT, log=folder / "serve.log") as program:
        wait_until_healthy(server, program)
        wait_for(lambda: server.ask("work_pools/filter", {}), "no work pool was made")
        wait_for_worker(server, now)
        yield server, program


def processes(program: Program) -> list[psutil.Process]:
    """List a program with all processes that it started, in any group."""
    top = psutil.Process(program.process.pid)
    return [top, *top.children(recursive=True)]


def wait_for(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something is found."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(0.5)
    return result


def wait_for_worker(server: Server, since: datetime) -> None:
    """Wait until the server has heard of a worker since a given time."""

    def came_up() -> bool:
        return any(
            datetime.fromisoformat(worker["last_heartbeat_time"]) >= since
            for worker in server.ask("work_pools/churn/workers/filter", {})
        )

    wait_for(came_up, "the worker did not come up")


def nightly(server: Server) -> dict[str, Any]:
    """Return the deployment `score/nightly`."""
    deployment: dict[str, Any] = server.ask("deployments/name/score/nightly")
    return deployment


@contextmanager
def scheduled_every_minute(server: Server) -> Iterator[None]:
    """Schedule the night every minute as well."""
    schedules = f"deployments/{nightly(server)['id']}/schedules"
    (created,) = server.ask(schedules, [{"schedule": {"cron": "* * * * *"}}])
    yield
    server.ask(f"{schedules}/{created['id']}", method="DELETE")


def runs_in(server: Server, *states: str) -> list[dict[str, Any]]:
    """Return the due runs of `score/nightly` in some states."""
    runs: list[dict[str, Any]] = server.ask(
        "flow_runs/filter",
        {
            "deployments": {"id": {"any_": [nightly(server)["id"]]}},
            "flow_runs": {
                "state": {"type": {"any_": list(states)}},
                "expected_start_time": {"before_": datetime.now(tz=UTC).isoformat()},
            },
        },
    )
    return runs


def deliver(home: FlowHome, seed: int) -> Path:
    """Deliver an extract of fifty made-up customers as a sender should: write aside, then rename."""
    path = home.path / "inbox" / f"crm_2026-04-{seed:02d}.csv"
    aside = path.with_name(f".{path.name}")
    make_customers(50, seed).to_csv(aside, index=False)
    return aside.rename(path)


def prove_published_by_itself(home: FlowHome, *, seed: int, within: float) -> None:
    """Deliver an extract and check that its scores appear without intervention."""
    before = set(home.published())
    extract = deliver(home, seed)
    deadline = time.monotonic() + within
    while not set(home.published()) - before:
        assert time.monotonic() < deadline, f"nothing was published within {within} s"
        time.sleep(0.5)
    (folder,) = set(home.published()) - before
    assert_scored(folder)
    while extract.exists():
        assert time.monotonic() < deadline, "the extract was not archived"
        time.sleep(0.5)


def assert_scored(folder: Path) -> None:
    """Check for all three files and fifty scores."""
    assert {file.name for file in folder.iterdir()} == {"scores.csv", "quarantine.csv", "manifest.json"}
    assert len((folder / "scores.csv").read_text().splitlines()) == 51
