"""`make torture-deployment`: kill what runs a night, and measure the time until it is scored again."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.harness.deployment import (
    DEPLOY,
    assert_scored,
    deliver,
    nightly,
    processes,
    runs_in,
    serving_everything,
    wait_for,
    working,
)
from tests.harness.flow_home import FlowHome
from tests.harness.server import Program, Server, serving

pytestmark = pytest.mark.timeout(1_200)

CRASHED_WITHIN, SCORED_WITHIN = 120, 300


@contextmanager
def night_underway(server: Server, home: FlowHome) -> Iterator[None]:
    """Start a night that finds the lock taken, and wait for its first heartbeat."""
    for name in ("inbox", "work"):
        (home.path / name).mkdir(exist_ok=True)
    deliver(home, 1)
    with (home.path / "work" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.run("prefect", "deployment", "run", "score/nightly")
        (run,) = wait_for(lambda: runs_in(server, "RUNNING"), "the night did not begin")
        wait_for(lambda: heartbeats(server, run["id"]), "the night gave no sign of life", 120)
        yield


def heartbeats(server: Server, run: str) -> int:
    """Count a run's heartbeats."""
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    return int(server.ask("events/filter", {"filter": wanted})["total"])


def kill_all(program: Program) -> None:
    """Kill a program and everything it started, at once."""
    for each in processes(program):
        with suppress(psutil.NoSuchProcess):
            each.kill()


def time_until_scored(server: Server, home: FlowHome, since: float, what: str) -> None:
    """Wait for Crashed and for the scores; print and check how long both took."""
    wait_for(lambda: runs_in(server, "CRASHED"), "the night did not become Crashed", 600)
    crashed = time.monotonic() - since
    (folder,) = wait_for(home.published, "the night was not scored again", 600)
    scored = time.monotonic() - since
    print(f"\n{what}: Crashed after {crashed:.0f} s, scored again after {scored:.0f} s")
    assert_scored(folder)
    assert crashed <= CRASHED_WITHIN
    assert scored <= SCORED_WITHIN
    assert len(runs_in(server, "CRASHED")) == 1
    wait_for(lambda: not runs_in(server, "PENDING", "RUNNING", "SCHEDULED"), "a run is left over", 120)
    assert len(home.published()) == 1


def test_a_killed_runner(trained_home: FlowHome, tmp_path: Path) -> None:
    """Worker and flow are killed, another worker starts: Crashed within 2 minutes, scored within 5."""
    with serving(tmp_path) as server:
        server.run(*DEPLOY.split())
        with working(server, trained_home) as worker, night_underway(server, trained_home):
            kill_all(worker)
            killed = time.monotonic()
        with working(server, trained_home):
            time_until_scored(server, trained_home, killed, "worker and flow killed")


def power_cut(program: Program) -> None:
    """Kill everything at once."""
    kill_all(program)


def polite_stop(program: Program) -> None:
    """Ask everything to stop, and check that nothing is left."""
    before = processes(program)
    program.process.terminate()
    assert program.process.wait(60) == 0
    assert not [each for each in before if each.is_running()]


@pytest.mark.parametrize("stop", [power_cut, polite_stop])
def test_a_stopped_machine(trained_home: FlowHome, tmp_path: Path, stop: Callable[[Program], Any]) -> None:
    """Server, worker and flow stopped in the middle of a night, started again: schedules on, night scored."""
    with (
        serving_everything(trained_home, tmp_path) as (server, program),
        night_underway(server, trained_home),
    ):
        stop(program)
        stopped = time.monotonic()
    with serving_everything(trained_home, tmp_path) as (server, _):
        assert all(schedule["active"] for schedule in nightly(server)["schedules"])
        time_until_scored(
            server, trained_home, stopped, f"everything stopped ({stop.__name__}) and started again"
        )
