import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import dashboard
from tasks.core.errors import ExtractError
from tasks.dashboard import by_hand
from tests.harness.breakable import Breakable, breakable
from tests.harness.server import ROOT, free_port

RUN = """
import sys, time
from typing import Any
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from flows import cli
from tasks.core.errors import ExtractError
from tasks.core.steps import log, progress, show, step
from tasks.dashboard import by_hand

@step("count")
def count(number: int) -> int:
    log.info("counting to %d", number)
    show("| a |", key="table", description="A table")
    progress("counting", 0.5, number)
    return number

@step("refuse")
def refuse() -> None:
    raise ExtractError("the extract is bad.")

@flow(name="score", persist_result=False)
def body(number: int, how: str) -> State[Any]:
    count(number)
    print("began", flush=True)
    time.sleep(float(sys.argv[2]))
    if how == "refused":
        refuse()
    if how == "bug":
        raise ValueError("0000-AAAAA")
    return Completed(name="Stale", message="counted")

cli.run(lambda: by_hand(body, number=3, how=sys.argv[1]))
"""
"""A run by hand of a body of one step or two: how it ends, and how many seconds it takes."""


@pytest.fixture
def api() -> Iterator[Breakable]:
    """Stand in for Prefect's API."""
    with breakable() as standing_in:
        yield standing_in


def run(url: str, how: str = "done", seconds: float = 0.0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    command = [sys.executable, "-c", RUN, how, str(seconds)]
    env = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), **env}
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


@contextmanager
def started(url: str, seconds: float) -> Iterator["subprocess.Popen[str]"]:
    """Start a run, and leave no process of it behind."""
    command = [sys.executable, "-c", RUN, "done", str(seconds)]
    env = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), "CHURN_PREFECT_WAIT_SECONDS": "60"}
    running = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with running:
        yield running
        running.kill()


def states(api: Breakable) -> list[tuple[str, str | None, str | None]]:
    """List the states that were set, in order."""
    return [
        (each["state"]["type"], each["state"]["name"], each["state"]["message"])
        for each in api.told("/set_state")
    ]


def warnings(done: subprocess.CompletedProcess[str]) -> list[str]:
    """List the warning lines."""
    return [line for line in done.stderr.splitlines() if "| WARNING |" in line]


def test_a_run_by_hand_is_shown(api: Breakable) -> None:
    """The API hears of the run, its parameters, steps, log, pages and end, and the run waits until it has."""
    done = run(api.url, CHURN_PREFECT_WAIT_SECONDS="90")
    ((_, _, created),) = [each for each in api.asked if each[1] == "/api/flow_runs/"]
    (step,), (page,) = api.told("/task_runs"), api.told("/artifacts")

    assert (done.returncode, warnings(done)) == (0, [])
    assert api.told("/flows") == [{"name": "score", "tags": [], "labels": {}}]
    assert created["parameters"] == {"number": 3, "how": "done"}
    assert created["state"]["type"] == step["state"]["type"] == "RUNNING"
    assert step["task_key"] == "count"
    assert states(api) == [("COMPLETED", "Completed", None), ("COMPLETED", "Stale", "counted")]
    assert [entry["message"] for (entry,) in api.told("/logs")] == ["counting to 3"]
    assert (page["key"], page["type"], page["data"]) == ("table", "markdown", "| a |")
    assert page["task_run_id"] == step["id"]


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [("refused", 20, "ExtractError: the extract is bad."), ("bug", 1, "ValueError")],
)
def test_a_run_that_fails_is_shown_without_a_value(api: Breakable, how: str, code: int, said: str) -> None:
    """Our own errors are shown as they are; of a bug only the kind, since its text may hold a cell."""
    done = run(api.url, how, CHURN_PREFECT_WAIT_SECONDS="90")

    assert done.returncode == code
    assert states(api)[-1] == ("FAILED", "Failed", f"Flow run encountered an exception: {said}")
    assert "0000-AAAAA" not in str(api.asked)


BROKEN: dict[str, dict[str, Any]] = {
    "password": {"status": 401},
    "every request": {"status": 500},
    "artifacts": {"status": 500, "only": "/artifacts"},
    "locked": {"status": 503},
    "slow": {"seconds": 30.0},
}
WHY = {
    "password": "cannot be reached (/api/admin/version answers 401)",
    "every request": "cannot be reached (/api/admin/version answers 500)",
    "artifacts": "did not take every report on this run (/api/artifacts/ answers 500)",
    "locked": "cannot be reached (/api/admin/version answers 503)",
    "slow": "did not take every report on this run (no answer within 2 s)",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(("how", "code"), [("done", 0), ("refused", 20)])
def test_a_broken_api_costs_a_warning_line(api: Breakable, broken: str, how: str, code: int) -> None:
    """Whatever it answers, the run ends as if it were not there."""
    for name, value in BROKEN[broken].items():
        setattr(api, name, value)

    done = run(api.url, how, CHURN_PREFECT_WAIT_SECONDS="2" if broken == "slow" else "60")

    assert (done.returncode, done.stdout) == (code, "began\n")
    assert [WHY[broken] in line for line in warnings(done)] == [True], done.stderr
    assert ("Traceback" in done.stderr) is (how == "bug")


def test_without_an_api_a_run_is_the_same() -> None:
    """One warning line, and the run's own exit code."""
    for how, code in (("done", 0), ("refused", 20)):
        done = run(f"http://127.0.0.1:{free_port()}/api", how, CHURN_PREFECT_WAIT_SECONDS="60")

        assert (done.returncode, done.stdout) == (code, "began\n")
        assert ["cannot be reached (ConnectError)" in line for line in warnings(done)] == [True], done.stderr
        assert "Traceback" not in done.stderr


def test_what_prefect_left_out_is_shown_in_part(api: Breakable) -> None:
    """A page that is refused keeps nothing else from being shown."""
    api.status, api.only = 500, "/artifacts"

    run(api.url, CHURN_PREFECT_WAIT_SECONDS="60")

    assert states(api) == [("COMPLETED", "Completed", None), ("COMPLETED", "Stale", "counted")]


def test_a_server_that_comes_back_hears_of_everything(api: Breakable) -> None:
    """What happened while it was away is kept for it, and no warning is due."""
    with started(api.url, seconds=5) as running:
        assert running.stdout is not None
        running.stdout.readline()
        api.status = 503
        time.sleep(3)
        api.mend()
        _, said = running.communicate()

    assert running.returncode == 0
    assert "cannot be reached" in said or "WARNING" not in said
    assert states(api)[-2:] == [("COMPLETED", "Completed", None), ("COMPLETED", "Stale", "counted")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_ends_as_stopped(api: Breakable, number: signal.Signals) -> None:
    """Whoever stops it is obeyed at once, and the dashboard shows a crash."""
    with started(api.url, seconds=60) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(number)
        running.communicate()

    assert running.returncode in (128 + number, -number)
    assert [state for state, *_ in states(api)] == ["COMPLETED", "CRASHED"]


def test_a_run_that_is_killed_is_shown_as_crashed(api: Breakable) -> None:
    """The process that tells Prefect sees the end of what it is told, says so, and leaves."""
    with started(api.url, seconds=60) as running:
        assert running.stdout is not None
        running.stdout.readline()
        teller, *_ = psutil.Process(running.pid).children()
        running.kill()
        teller.wait(60)

    assert states(api)[-1] == ("CRASHED", "Crashed", "The process of the run ended without a word.")


def test_a_teller_that_dies_is_not_missed(api: Breakable) -> None:
    """The run goes on without it, and says in a line that the dashboard is incomplete."""
    with started(api.url, seconds=3) as running:
        assert running.stdout is not None
        running.stdout.readline()
        psutil.Process(running.pid).children()[0].kill()
        _, said = running.communicate()

    assert running.returncode == 0
    assert said.count("WARNING") == 1


def test_a_teller_that_cannot_be_started_is_not_missed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A machine that has no room for another process scores all the same."""
    monkeypatch.setattr(dashboard, "_TELLER", ("/no/such/program",))

    @flow(name="score")
    def body() -> State[Any]:
        return Completed(message="done")

    assert by_hand(body).message == "done"
    assert capfd.readouterr().err.count("WARNING") == 1


@pytest.mark.parametrize(("error", "shown"), [(ExtractError("one line"), False), (ValueError("bug"), True)])
def test_prefect_logs_one_line(error: Exception, shown: bool) -> None:
    """Prefect's log keeps the traceback of bugs alone."""
    record = logging.LogRecord(
        "prefect.flow_runs", logging.ERROR, "file", 1, "failed: %r", (error,), (type(error), error, None)
    )

    assert dashboard._one_line(record)
    assert (record.exc_info is not None) is shown
    assert record.getMessage() == (f"failed: {error!r}" if shown else "one line")
