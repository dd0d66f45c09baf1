import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psutil
import pytest
from prefect import flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed

from schemas.config import ScoreConfig
from schemas.run_messages import Progressed, RunBegan, RunEvent, StepBegan
from schemas.timezone import DEFAULT_TIMEZONE
from tasks.core.errors import ConfigError, ExtractError
from tasks.dashboard import runs
from tasks.dashboard.runs import Dashboard, by_hand
from tasks.dashboard.terminal import Terminal
from tests.harness.breakable import Breakable, breakable
from tests.harness.environment import PATIENCE
from tests.harness.server import ROOT, free_port

RUN = """
import signal, sys, time
from datetime import UTC, datetime
from typing import Any
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from flows import cli
from tasks.core.errors import ExtractError
from tasks.core.steps import conclude, log, progress, show, step
from tasks.dashboard.runs import by_hand, forget_runs

signal.signal(signal.SIGINT, signal.default_int_handler)  # as from a terminal, whatever started the test

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
    conclude("3 counted")
    print("began", flush=True)
    time.sleep(float(sys.argv[2]))
    if how == "sweep":
        for reply in forget_runs(("score",), datetime(2026, 1, 1, tzinfo=UTC), dry_run=False):
            print(type(reply).__name__, getattr(reply, "ended_at", None) or reply.complete, flush=True)
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
    env = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), PATIENCE: "60"}
    running = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with running:
        yield running
        running.kill()


@contextmanager
def dashboard_in_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Dashboard, list[RunEvent]]]:
    """Make a dashboard that tells a list."""
    monkeypatch.setattr(runs, "_REPORTER", ("cat",))
    shown = Dashboard(RunBegan(flow="score", run_id=None, name="score", tags=(), parameters={}), Terminal())
    told: list[RunEvent] = []
    monkeypatch.setattr(shown, "_report", told.append)
    yield shown, told
    monkeypatch.undo()
    shown._kill()


def states(api: Breakable) -> list[tuple[str, str | None, str | None]]:
    """List the states that were set, in order."""
    return [
        (each["state"]["type"], each["state"]["name"], each["state"]["message"])
        for each in api.told("/set_state")
    ]


def today(zone: str) -> date:
    """Return the day in a time zone."""
    return datetime.now(tz=ZoneInfo(zone)).date()


def warnings(done: subprocess.CompletedProcess[str]) -> list[str]:
    """List the warning lines."""
    return [line for line in done.stderr.splitlines() if "| WARNING |" in line]


def test_a_run_by_hand_is_shown(api: Breakable) -> None:
    """The API hears of the run, its parameters, steps, log, pages and end, and the run waits until it has."""
    begun = today(DEFAULT_TIMEZONE)
    done = run(api.url, **{PATIENCE: "90"})
    ((_, _, created),) = [each for each in api.asked if each[1] == "/api/flow_runs/"]
    (step,), (page,) = api.told("/task_runs"), api.told("/artifacts")
    ((_, renamed, _),) = [each for each in api.asked if each[0] == "PATCH"]
    run_id, named = renamed.rpartition("/")[2], created["name"]

    assert (done.returncode, warnings(done)) == (0, [])
    assert api.told("/flows") == [{"name": "score", "tags": [], "labels": {}}]
    assert named in {f"score {day} by hand" for day in (begun, today(DEFAULT_TIMEZONE))}
    assert created["tags"] == ["by hand"]
    assert api.told(f"/flow_runs/{run_id}") == [{"name": f"{named}: 3 counted"}]
    assert created["parameters"] == {"number": 3, "how": "done"}
    assert created["state"]["type"] == step["state"]["type"] == "RUNNING"
    assert step["task_key"] == step["name"] == "count"
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
    done = run(api.url, how, **{PATIENCE: "90"})

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

    done = run(api.url, how, **{PATIENCE: "2" if broken == "slow" else "60"})

    assert (done.returncode, done.stdout) == (code, "began\n")
    assert [WHY[broken] in line for line in warnings(done)] == [True], done.stderr
    assert "Traceback" not in done.stderr


def test_without_an_api_a_run_is_the_same() -> None:
    """One warning line, and the run's own exit code."""
    for how, code in (("done", 0), ("refused", 20)):
        done = run(f"http://127.0.0.1:{free_port()}/api", how, **{PATIENCE: "60"})

        assert (done.returncode, done.stdout) == (code, "began\n")
        assert ["cannot be reached (ConnectError)" in line for line in warnings(done)] == [True], done.stderr
        assert "Traceback" not in done.stderr


def test_the_steps_of_a_run_are_drawn_one_after_the_other(api: Breakable) -> None:
    """The second step follows the first; the log of a run that fails ends with its error."""
    run(api.url, "refused", **{PATIENCE: "60"})
    first, second = api.told("/task_runs")

    assert first["task_inputs"] == {}
    assert [each["id"] for each in second["task_inputs"]["after"]] == [first["id"]]
    assert api.told("/logs")[-1][-1]["message"] == "ExtractError: the extract is bad."
    assert api.told("/logs")[-1][-1]["level"] == logging.ERROR


def test_progress_is_shown_for_each_piece_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step has a clock of its own, also within another, and ends at 100 %."""
    with dashboard_in_hand(monkeypatch) as (shown, told):
        clock = iter((0.0, 10.0, 12.0, 18.0, 20.0))
        monkeypatch.setattr(runs.time, "monotonic", lambda: next(clock))
        shown.began("gather")
        shown.progress("all", 0.25, 100)
        shown.began("part")
        shown.progress("a part", 0.5, 7)
        shown.ended(None)
        shown.progress("all", 0.75, 300)
        shown.ended(None)
    progress = [each for each in told if isinstance(each, Progressed)]

    assert [(each.what, each.percent) for each in progress] == [
        ("all", 25), ("a part", 50), ("a part", 100), ("all", 75), ("all", 100),
    ]  # fmt: skip
    assert len({each.step_id for each in progress}) == 2


def test_steps_are_numbered_from_the_second_time_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each extract of a night has the same steps."""
    with dashboard_in_hand(monkeypatch) as (shown, told):
        for step in ("identify", "score", "identify"):
            shown.began(step)
            shown.ended(None)

    assert [each.name for each in told if isinstance(each, StepBegan)] == ["identify", "score", "identify 2"]


@pytest.mark.parametrize(
    ("start", "tags", "named", "tagged"),
    [
        ({"auto_scheduled": True}, ["nightly"], "score {}", {"nightly"}),
        ({}, ["nightly"], "score {} by hand", {"nightly", "by hand"}),
        ({}, ["nightly", "rerun"], "score {} rerun", {"nightly", "rerun"}),
        ({"created_by": {"type": "AUTOMATION"}}, [], "score {}", set()),
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_run_is_named_after_its_day_and_start(
    start: dict[str, Any],
    tags: list[str],
    named: str,
    tagged: set[str],
    zone: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that Prefect executes is renamed and tagged when it begins; its own tags stay.

    The day is the operator's: the two zones never have the same.
    """
    began: list[RunBegan] = []

    @contextmanager
    def shown(event: RunBegan) -> Iterator[None]:
        began.append(event)
        yield

    run = FlowRun.model_validate({"flow_id": uuid4(), "tags": tags, **start})
    context = SimpleNamespace(
        flow=SimpleNamespace(name="score"), flow_run=run, parameters={"config": ScoreConfig(timezone=zone)}
    )
    monkeypatch.setattr(FlowRunContext, "get", lambda: context)
    monkeypatch.setattr(runs, "_shown", shown)
    begun = today(zone)
    with runs.on_dashboard():
        pass

    assert began[0].name in {named.format(day) for day in (begun, today(zone))}
    assert set(began[0].tags) == tagged


def test_a_path_that_is_not_utf8_is_told_as_it_can_be(api: Breakable) -> None:
    """It keeps nothing from being shown."""
    done = run(api.url, "done\udcff", **{PATIENCE: "60"})

    assert (done.returncode, warnings(done)) == (0, [])
    assert states(api)[-1] == ("COMPLETED", "Stale", "counted")


@pytest.mark.parametrize("given", ["abc", "-1", "", "99999", "1e9"])
def test_how_long_to_wait_is_a_number_of_seconds(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is the operator's to correct, before the run begins."""
    monkeypatch.setenv(PATIENCE, given)

    with pytest.raises(
        ConfigError, match=r"^CHURN_PREFECT_WAIT_SECONDS: (Input|expected) .* Correct or unset it"
    ):
        by_hand(flow(lambda: None, name="score"))


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (ExtractError("the extract is bad."), 1, "error: the extract is bad.\n"),
        (ZeroDivisionError("0"), 1, "ZeroDivisionError: 0\n"),
        (SystemExit(143), 143, ""),
    ],
)
def test_how_a_worker_run_leaves_that_cannot_be_told(
    error: BaseException | None, code: int, said: str
) -> None:
    """With 0 where it is done, by the signal where it was stopped; a bug keeps its traceback."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        sys.stderr = os.fdopen(writer, "w")
        runs._leave(error)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        printed = pipe.read()
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == code
    assert printed.endswith(said)


def test_what_prefect_deletes_is_told_run_by_run(api: Breakable) -> None:
    """A deletion that is refused ends the order, not the event of the run's end."""
    api.runs = [{"id": str(uuid4()), "end_time": f"2020-01-0{day}T00:00:00Z"} for day in (1, 2, 3)]
    api.refused = api.runs[1]["id"]

    done = run(api.url, "sweep", **{PATIENCE: "60"})

    assert done.stdout == "began\nForgotten 2020-01-01 00:00:00+00:00\nForgetEnded False\n"
    assert states(api)[-1] == ("COMPLETED", "Stale", "counted")
    assert len(warnings(done)) == 1


def test_what_prefect_left_out_is_shown_in_part(api: Breakable) -> None:
    """A page that is refused keeps nothing else from being shown."""
    api.status, api.only = 500, "/artifacts"

    run(api.url, **{PATIENCE: "60"})

    assert states(api) == [("COMPLETED", "Completed", None), ("COMPLETED", "Stale", "counted")]


def test_a_server_that_comes_back_hears_of_everything(api: Breakable) -> None:
    """What happened while it was away is kept for it."""
    with started(api.url, seconds=5) as running:
        assert running.stdout is not None
        running.stdout.readline()
        api.status = 503
        time.sleep(3)
        api.repair()
        running.communicate()

    assert running.returncode == 0
    assert states(api)[-2:] == [("COMPLETED", "Completed", None), ("COMPLETED", "Stale", "counted")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_ends_as_stopped(api: Breakable, number: signal.Signals) -> None:
    """Whoever stops it is obeyed at once, and the dashboard shows a crash."""
    with started(api.url, seconds=60) as running:
        assert running.stdout is not None
        running.stdout.readline()
        (reporter,) = psutil.Process(running.pid).children()
        running.send_signal(number)
        running.communicate()
        reporter.wait(60)

    assert running.returncode in (128 + number, -number)
    assert [state for state, *_ in states(api)] == ["COMPLETED", "CRASHED"]


def test_a_run_that_is_killed_is_shown_as_crashed(api: Breakable) -> None:
    """The process that tells Prefect sees the end of its input, says so, and leaves."""
    with started(api.url, seconds=60) as running:
        assert running.stdout is not None
        running.stdout.readline()
        reporter, *_ = psutil.Process(running.pid).children()
        running.kill()
        reporter.wait(60)

    assert states(api)[-1] == ("CRASHED", "Crashed", "The run's process ended without reporting why.")


def test_a_reporter_that_dies_is_not_missed(api: Breakable) -> None:
    """The run goes on without it, and says in a line that the dashboard is incomplete."""
    with started(api.url, seconds=3) as running:
        assert running.stdout is not None
        running.stdout.readline()
        psutil.Process(running.pid).children()[0].kill()
        _, said = running.communicate()

    assert running.returncode == 0
    assert said.count("WARNING") == 1


def test_a_reporter_that_cannot_be_started_is_not_missed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A machine that has no room for another process scores all the same."""
    monkeypatch.setattr(runs, "_REPORTER", ("/no/such/program",))

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

    assert runs._one_line(record)
    assert (record.exc_info is not None) is shown
    assert record.getMessage() == (f"failed: {error!r}" if shown else "one line")
