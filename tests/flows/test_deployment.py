import asyncio
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from tests.harness.customers import make_customers
from tests.harness.home import Home
from tests.harness.server import ROOT, SERVE, Program, Server, started

pytestmark = pytest.mark.xdist_group("server")

POOL = "prefect work-pool create churn --type process --overwrite"
DEPLOY = "prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml"
WORKER = "prefect worker start --pool churn"
RUN = "prefect deployment run score/nightly --watch"
DEPLOYMENTS = {
    deployment["name"]: deployment
    for deployment in yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
}


@pytest.fixture(scope="module")
def deployed(server: Server) -> Server:
    """Create the work pool and deploy, as the README says."""
    for command in (POOL, DEPLOY):
        server.prefect(*command.split()[1:])
    return server


@pytest.fixture
def worker(deployed: Server, trained_home: Home) -> Iterator[Program]:
    """Run a worker for a home with a champion, from a folder that is not the project's."""
    (trained_home.path / "inbox").mkdir()
    env, log = deployed.env_of(trained_home.path), deployed.logs / "worker.log"
    now = datetime.now(tz=UTC)
    with started(*WORKER.split(), env=env, cwd=trained_home.path, log=log) as program:
        wait_for_worker(deployed, now)
        yield program


@pytest.fixture
def every_minute(deployed: Server) -> Iterator[None]:
    """Schedule the night every minute as well."""
    schedules = f"deployments/{nightly(deployed)['id']}/schedules"
    (created,) = deployed.ask(schedules, [{"schedule": {"cron": "* * * * *"}}])
    yield
    deployed.ask(f"{schedules}/{created['id']}", method="DELETE")


def wait_for_worker(server: Server, since: datetime) -> None:
    """Wait until the server has heard of a worker since a moment."""
    deadline = time.monotonic() + 60
    while not any(
        datetime.fromisoformat(worker["last_heartbeat_time"]) >= since
        for worker in server.ask("work_pools/churn/workers/filter", {})
    ):
        assert time.monotonic() < deadline, "the worker did not come up"
        time.sleep(0.5)


def nightly(server: Server) -> dict[str, Any]:
    """Ask for the deployment `score/nightly`."""
    deployment: dict[str, Any] = server.ask("deployments/name/score/nightly")
    return deployment


def runs_in(server: Server, *states: str) -> list[dict[str, Any]]:
    """Ask for the due runs of `score/nightly` in some states."""
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


def deliver(home: Home, seed: int) -> Path:
    """Drop an extract of fifty invented customers, as a sender should: write aside, then rename."""
    path = home.path / "inbox" / f"crm_2026-04-{seed:02d}.csv"
    aside = path.with_name(f".{path.name}")
    make_customers(50, seed).to_csv(aside, index=False)
    return aside.rename(path)


def prove_published_by_itself(home: Home, *, seed: int, within: float) -> None:
    """Deliver an extract and see that its scores appear without anybody's doing."""
    before = set(home.published())
    extract = deliver(home, seed)
    deadline = time.monotonic() + within
    while not set(home.published()) - before:
        assert time.monotonic() < deadline, f"nothing was published within {within} s"
        time.sleep(0.5)
    (folder,) = set(home.published()) - before
    assert_complete(folder)
    while extract.exists():
        assert time.monotonic() < deadline, "the extract was not archived"
        time.sleep(0.5)


def assert_complete(folder: Path) -> None:
    """See all three files, and fifty scores."""
    assert {file.name for file in folder.iterdir()} == {"scores.csv", "quarantine.csv", "manifest.json"}
    assert len((folder / "scores.csv").read_text().splitlines()) == 51


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

    assert {". deployments/env.sh", SERVE, POOL, DEPLOY, WORKER, RUN} <= set(lines)


@pytest.mark.parametrize(
    ("name", "hour", "weekdays"), [("nightly", 4, range(7)), ("daily", 5, range(7)), ("weekly", 6, [6])]
)
def test_every_date_has_its_run(name: str, hour: int, weekdays: list[int]) -> None:
    """Until the end of 2036 each local date has exactly one run at its hour, clock changes included."""
    (schedule,) = DEPLOYMENTS[name]["schedules"]
    paris = ZoneInfo("Europe/Paris")
    walker = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
    runs = [
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
    days = (date(2026, 1, 1) + timedelta(days=number) for number in range(4018))
    expected = [day for day in days if day.weekday() in weekdays]

    assert expected[-1].year == 2036
    assert [run.date() for run in runs] == expected
    assert {(run.hour, run.minute) for run in runs} == {(hour, 0)}
    assert len({run.utcoffset() for run in runs}) == 2


@pytest.mark.parametrize("name", ["score/nightly", "train/weekly", "retention/daily"])
def test_schedules_are_the_files(deployed: Server, name: str) -> None:
    """A deployment has the file's one schedule with its slug, hour and timezone, and it is active."""
    (wanted,) = DEPLOYMENTS[name.split("/")[1]]["schedules"]
    (schedule,) = deployed.ask(f"deployments/name/{name}")["schedules"]

    assert schedule["active"] is wanted["active"] is True
    assert schedule["slug"] == wanted["slug"]
    assert schedule["schedule"]["cron"] == wanted["cron"]
    assert schedule["schedule"]["timezone"] == wanted["timezone"] == "Europe/Paris"


def test_deploying_again_makes_the_file_hold(deployed: Server) -> None:
    """A paused schedule is active again after the next deployment, and there is still only one."""
    deployed.prefect("deployment", "schedule", "pause", "--all")
    (paused,) = nightly(deployed)["schedules"]
    deployed.prefect(*DEPLOY.split()[1:])
    (schedule,) = nightly(deployed)["schedules"]

    assert paused["active"] is False
    assert schedule["active"] is True
    assert schedule["slug"] == "nightly"


@pytest.mark.usefixtures("worker")
def test_a_run_by_hand_scores_the_inbox(deployed: Server, trained_home: Home) -> None:
    """`prefect deployment run score/nightly --watch` publishes a waiting extract and archives it."""
    extract = deliver(trained_home, 2)
    said = deployed.prefect(*RUN.split()[1:])
    (folder,) = trained_home.published()

    assert "Flow run finished successfully" in said
    assert_complete(folder)
    assert not extract.exists()
    assert len(list((trained_home.path / "archive").iterdir())) == 1


@pytest.mark.usefixtures("worker", "every_minute")
def test_the_schedule_scores_by_itself(deployed: Server, trained_home: Home) -> None:
    """With server and worker up, a schedule alone publishes an extract."""
    prove_published_by_itself(trained_home, seed=3, within=150)
    deadline = time.monotonic() + 60
    while runs_in(deployed, "PENDING", "RUNNING"):
        assert time.monotonic() < deadline, "the run did not end"
        time.sleep(0.5)

    assert any(run["auto_scheduled"] for run in runs_in(deployed, "COMPLETED"))


@pytest.mark.usefixtures("every_minute")
def test_without_a_worker_nothing_is_scored(deployed: Server, trained_home: Home, worker: Program) -> None:
    """With the worker killed the same proof fails: the runs are due, and nobody takes them."""
    worker.stop(signal.SIGKILL)
    held = {run["id"] for run in runs_in(deployed, "PENDING", "RUNNING")}  # when the kill fell
    with pytest.raises(AssertionError, match="nothing was published"):
        prove_published_by_itself(trained_home, seed=4, within=90)
    deadline = time.monotonic() + 90  # the scheduler may be a minute behind on a busy machine
    while not (due := runs_in(deployed, "SCHEDULED")) and time.monotonic() < deadline:
        time.sleep(1)

    assert due
    assert {run["state_name"] for run in due} <= {"Scheduled", "Late"}
    assert {run["id"] for run in runs_in(deployed, "PENDING", "RUNNING")} <= held
    assert not trained_home.published()
    assert next(s for s in nightly(deployed)["schedules"] if s["slug"] == "nightly")["active"]
