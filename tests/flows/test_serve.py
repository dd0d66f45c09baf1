import sqlite3
import time
from datetime import datetime
from pathlib import Path

import pytest

from deployments import serve
from tasks.core.errors import ConfigError
from tests.harness.deployment import (
    RUN,
    WORKER,
    assert_scored,
    deliver,
    nightly,
    processes,
    serving_everything,
    wait_for,
)
from tests.harness.home import Home
from tests.harness.server import ROOT, SERVER, Server, settings, started

pytestmark = pytest.mark.xdist_group("second-server")


def planned(server: Server) -> list[datetime]:
    """Ask when the night will run by its schedule."""
    wanted = {
        "deployments": {"id": {"any_": [nightly(server)["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
    }
    runs = server.ask("flow_runs/filter", wanted)
    return [datetime.fromisoformat(run["expected_start_time"]) for run in runs if run["auto_scheduled"]]


def test_it_runs_the_readmes_commands() -> None:
    """`make serve` starts the very programs that the README starts in pieces."""
    assert " ".join(serve.SERVER) == SERVER
    assert " ".join(serve.WORKER) == WORKER


def test_everything_starts_and_stops(trained_home: Home, tmp_path: Path) -> None:
    """Within 90 seconds a night is planned; one by hand is scored; SIGTERM ends all and loses no schedule."""
    begun = time.monotonic()
    with serving_everything(trained_home, tmp_path) as (server, program):
        wait_for(lambda: planned(server), "no night is planned")
        seconds = time.monotonic() - begun
        deliver(trained_home, 6)
        server.run(*RUN.split())
        (folder,) = trained_home.published()
        before = processes(program)
        program.process.terminate()
        left = program.process.wait(90)
    loose = [path.name for path in trained_home.path.rglob("*") if path.lstat().st_mode & 0o077]
    with sqlite3.connect(server.prefect_home / "prefect.db") as database:
        schedules = database.execute("SELECT slug, active FROM deployment_schedule").fetchall()

    assert seconds <= 90
    assert_scored(folder)
    assert left == 0
    assert not [each for each in before if each.is_running()]
    assert loose == []
    assert sorted(schedules) == [("daily", 1), ("nightly", 1), ("weekly", 1)]


def test_a_taken_port_is_refused(server: Server, tmp_path: Path) -> None:
    """Where another server listens, nothing is started and one line says what to do, with exit code 10."""
    env = settings(tmp_path / "home") | {"PREFECT_SERVER_API_PORT": server.env["PREFECT_SERVER_API_PORT"]}
    log = tmp_path / "serve.log"
    with started("python", "deployments/serve.py", env=env, cwd=ROOT, log=log) as program:
        code = program.process.wait(60)

    assert code == 10
    assert len(log.read_text().splitlines()) == 1
    assert "PREFECT_SERVER_API_PORT" in log.read_text()


@pytest.mark.parametrize("port", ["abc", "99999", "0", "-1", "", "٤٢٠٠"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    """A port that cannot be one is told as a setting that is not usable."""
    monkeypatch.setenv("PREFECT_SERVER_API_HOST", "127.0.0.1")
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", port)

    with pytest.raises(ConfigError, match=f"PREFECT_SERVER_API_PORT: '{port}' is no port"):
        serve._refuse_a_taken_port()
