import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib.metadata import distributions
from zoneinfo import ZoneInfo

import pytest
from prefect.server.schemas.schedules import CronSchedule

from tests.harness.deployment import (
    DEPLOY,
    DEPLOYMENTS,
    RUN,
    WORKER,
    assert_scored,
    deliver,
    nightly,
    prove_published_by_itself,
    runs_in,
    scheduled_every_minute,
    wait_for,
)
from tests.harness.flow_home import FlowHome
from tests.harness.server import ROOT, SERVER, Program, Server

pytestmark = pytest.mark.xdist_group("server")


@pytest.fixture
def every_minute(deployed: Server) -> Iterator[None]:
    """Schedule the night every minute as well."""
    with scheduled_every_minute(deployed):
        yield


def test_the_environment_is_the_lock() -> None:
    """Every installed package that constraints.txt names has the version it names."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if "==" in line)
    installed = {
        dist.name.lower().replace("_", "-"): dist.version.partition("+")[0] for dist in distributions()
    }
    differing = {name for name in locked.keys() & installed.keys() if locked[name] != installed[name]}

    assert {"prefect", "fastapi", "sqlalchemy"} <= locked.keys() & installed.keys()
    assert not differing


def test_the_commands_are_the_readmes() -> None:
    """What these tests type is what the README tells an operator to type."""
    lines = (ROOT / "deployments" / "README.md").read_text().splitlines()

    assert {"make serve", ". deployments/env.sh", SERVER, DEPLOY, WORKER, RUN} <= set(lines)


def runs_until_2036(cron: str, timezone: str) -> list[datetime]:
    """Return the times of Prefect's own schedule from 2026 to 2036, in Paris."""
    paris = ZoneInfo("Europe/Paris")
    walker = CronSchedule(cron=cron, timezone=timezone)
    return [
        moment.astimezone(paris)
        for year in range(2026, 2037)
        for moment in asyncio.run(
            walker.get_dates(
                n=400,
                start=datetime(year, 1, 1, tzinfo=paris),
                end=datetime(year, 12, 31, 23, 59, tzinfo=paris),
            )
        )
    ]


@pytest.mark.parametrize(
    ("name", "hour", "weekdays"), [("nightly", 4, range(7)), ("daily", 5, range(7)), ("weekly", 6, [6])]
)
def test_every_date_has_its_run(name: str, hour: int, weekdays: list[int]) -> None:
    """Until the end of 2036 each local date has exactly one run at its hour, clock changes included."""
    (schedule,) = DEPLOYMENTS[name]["schedules"]
    runs = runs_until_2036(schedule["cron"], schedule["timezone"])
    days = (date(2026, 1, 1) + timedelta(days=number) for number in range(4018))
    expected = [day for day in days if day.weekday() in weekdays]

    assert expected[-1].year == 2036
    assert [run.date() for run in runs] == expected
    assert {(run.hour, run.minute) for run in runs} == {(hour, 0)}
    assert len({run.utcoffset() for run in runs}) == 2


@pytest.mark.parametrize(("cron", "timezone"), [("30 2 * * *", "Europe/Paris"), ("0 4 * * *", "UTC")])
def test_other_hours_move_at_a_clock_change(cron: str, timezone: str) -> None:
    """The same walk finds what the file avoids: an hour that a clock change moves, and a foreign timezone."""
    assert len({(run.hour, run.minute) for run in runs_until_2036(cron, timezone)}) > 1


@pytest.mark.parametrize("name", ["score/nightly", "train/weekly", "retention/daily"])
def test_schedules_are_the_files(deployed: Server, name: str) -> None:
    """A deployment has the file's one schedule with its slug, hour and timezone, and it is active."""
    (wanted,) = DEPLOYMENTS[name.split("/")[1]]["schedules"]
    (schedule,) = deployed.ask(f"deployments/name/{name}")["schedules"]

    assert schedule["active"] is wanted["active"] is True
    assert schedule["slug"] == wanted["slug"]
    assert schedule["schedule"]["cron"] == wanted["cron"]
    assert schedule["schedule"]["timezone"] == wanted["timezone"] == "Europe/Paris"


@pytest.mark.long
def test_deploying_again_makes_the_file_hold(deployed: Server) -> None:
    """A paused schedule is active again after the next deployment, and there is still only one."""
    deployed.run("prefect", "deployment", "schedule", "pause", "--all")
    (paused,) = nightly(deployed)["schedules"]
    deployed.run(*DEPLOY.split())
    (schedule,) = nightly(deployed)["schedules"]

    assert paused["active"] is False
    assert schedule["active"] is True
    assert schedule["slug"] == "nightly"


def test_a_wrong_password_is_refused(server: Server) -> None:
    """With another password than the server's, deploying ends with one line and exit code 60."""
    env = server.env | {"PREFECT_API_AUTH_STRING": "churn:wrong"}
    done = subprocess.run(DEPLOY.split(), env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 60
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "refuses the password" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PREFECT_API_AUTH_STRING": "churn:wrong"}, "refuses the password in PREFECT_API_AUTH_STRING"),
        ({"PREFECT_API_URL": "http://127.0.0.1:9/api"}, "does not answer at PREFECT_API_URL (ConnectError)"),
    ],
)
def test_automations_need_a_server(server: Server, settings: dict[str, str], said: str) -> None:
    """Without a server that answers, the automations end with one line and exit code 60."""
    command = ["python", "deployments/automations.py"]
    env = server.env | settings
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 60
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


@pytest.mark.usefixtures("worker")
def test_a_run_by_hand_scores_the_inbox(deployed: Server, trained_home: FlowHome) -> None:
    """`prefect deployment run score/nightly --watch` publishes a waiting extract, archives it and says so.

    The automations may have ordered a run that takes the extract first: this one then says that it took none.
    """
    extract = deliver(trained_home, 2)
    said = deployed.run(*RUN.split())
    (folder,) = trained_home.published()

    assert "Flow run finished successfully" in said
    assert "Extracts scored: " in " ".join(said.split())  # the output is wrapped
    assert any(": 50 customers of 2026-04-02, " in run["name"] for run in runs_in(deployed, "COMPLETED"))
    assert_scored(folder)
    assert not extract.exists()
    assert len(list((trained_home.path / "archive").iterdir())) == 1


@pytest.mark.usefixtures("worker", "every_minute")
def test_the_schedule_scores_by_itself(deployed: Server, trained_home: FlowHome) -> None:
    """With server and worker up, a schedule alone publishes an extract."""
    prove_published_by_itself(trained_home, seed=3, within=150)
    wait_for(
        lambda: any(run["auto_scheduled"] for run in runs_in(deployed, "COMPLETED")),
        "no scheduled run ended",
        90,
    )


@pytest.mark.long
@pytest.mark.usefixtures("every_minute")
def test_without_a_worker_nothing_is_scored(
    deployed: Server, trained_home: FlowHome, worker: Program
) -> None:
    """With the worker killed the same proof fails: the runs are due, and nobody takes them."""
    worker.stop(signal.SIGKILL)
    held = {run["id"] for run in runs_in(deployed, "PENDING", "RUNNING")}  # when the kill happened
    with pytest.raises(AssertionError, match="nothing was published"):
        prove_published_by_itself(trained_home, seed=4, within=65)
    deadline = time.monotonic() + 90  # the scheduler may be a minute behind on a busy machine
    while not (due := runs_in(deployed, "SCHEDULED")) and time.monotonic() < deadline:
        time.sleep(1)

    assert due
    assert {run["state_name"] for run in due} <= {"Scheduled", "Late"}
    assert {run["id"] for run in runs_in(deployed, "PENDING", "RUNNING")} <= held
    assert not trained_home.published()
    assert next(s for s in nightly(deployed)["schedules"] if s["slug"] == "nightly")["active"]
