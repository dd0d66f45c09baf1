"""A night run by a worker whose server has become unusable."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.harness.breakable import Breakable, breakable
from tests.harness.deployment import assert_scored, deliver, nightly
from tests.harness.environment import PATIENCE
from tests.harness.flow_home import FlowHome
from tests.harness.server import ROOT, Server

pytestmark = pytest.mark.xdist_group("server")

BREAKS: dict[str, Callable[[Breakable], None]] = {
    "hangs": lambda api: setattr(api, "seconds", 30.0),
    "refuses": lambda api: setattr(api, "status", 503),
}


def execute(server: Server, home: FlowHome, api: Breakable, run: str) -> "subprocess.Popen[str]":
    """Start what a worker starts for a run, through a proxy."""
    env = server.env_of(home.path) | {"PREFECT_API_URL": api.url, "PREFECT__FLOW_RUN_ID": run, PATIENCE: "4"}
    command = [sys.executable, "-m", "prefect.engine", run]
    return subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.long
@pytest.mark.parametrize("how", BREAKS)
def test_a_night_ends_as_if_nothing_had_happened(deployed: Server, trained_home: FlowHome, how: str) -> None:
    """The scores are published, the process leaves with 0, and the same run again finds all done."""
    (trained_home.path / "inbox").mkdir()
    deliver(trained_home, 7)
    order = {"parameters": {"config": {"settle_seconds": 3}}}
    with breakable(deployed.env["PREFECT_API_URL"].removesuffix("/api")) as api:
        run = deployed.ask(f"deployments/{nightly(deployed)['id']}/create_flow_run", order)["id"]
        night = execute(deployed, trained_home, api, run)
        wait_until(lambda: state(deployed, run) == "RUNNING", night)
        BREAKS[how](api)
        said, _ = night.communicate(timeout=240)
        published = trained_home.published()
        api.repair()
        again = execute(deployed, trained_home, api, run)
        said_again, _ = again.communicate(timeout=240)

    assert night.returncode == 0, said
    assert "Traceback" not in said
    assert said.count("WARNING | Prefect ") == 1, said
    (folder,) = published
    assert_scored(folder)
    assert trained_home.published() == published
    assert again.returncode == 0, said_again


def state(server: Server, run: str) -> Any:
    """Return the state of a run."""
    return server.ask(f"flow_runs/{run}")["state_type"]


def wait_until(there: Callable[[], bool], program: "subprocess.Popen[str]") -> None:
    """Wait until a condition holds, while a program runs."""
    while not there():
        assert program.poll() is None, program.communicate()[0]
        with suppress(subprocess.TimeoutExpired):
            program.wait(0.2)
    time.sleep(1)
