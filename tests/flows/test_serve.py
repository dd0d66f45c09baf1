import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
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
    runs_in,
    serving_everything,
    wait_for,
    wait_for_worker,
)
from tests.harness.flow_home import FlowHome
from tests.harness.server import ROOT, SERVER, Program, Server, settings, started, wait_until_healthy

pytestmark = pytest.mark.xdist_group("broken-server")


def planned(server: Server) -> list[datetime]:
    """Return when the night is scheduled."""
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


@pytest.mark.long
def test_everything_starts_and_stops(trained_home: FlowHome, tmp_path: Path) -> None:
    """A night is planned; one by hand is scored; SIGTERM ends all and loses no schedule."""
    with serving_everything(trained_home, tmp_path) as (server, program):
        wait_for(lambda: planned(server), "no night is planned")
        deliver(trained_home, 6)
        server.run(*RUN.split())
        (folder,) = trained_home.published()
        before = processes(program)
        program.process.terminate()
        left = program.process.wait(90)
    loose = [path.name for path in trained_home.path.rglob("*") if path.lstat().st_mode & 0o077]
    with sqlite3.connect(server.prefect_home / "prefect.db") as database:
        schedules = database.execute("SELECT slug, active FROM deployment_schedule").fetchall()

    said = (tmp_path / "serve.log").read_text()

    assert "Waiting for Prefect's server to answer at 127.0.0.1:" in said
    assert "Traceback" not in said
    assert "Configure Prefect to communicate" in (server.prefect_home / serve.SERVER_LOG).read_text()
    assert "Creating work pool, deployments and automations." in said
    assert_scored(folder)
    assert left == 0
    assert not [each for each in before if each.is_running()]
    assert loose == []
    assert sorted(schedules) == [("daily", 1), ("nightly", 1), ("weekly", 1)]


def listening(program: Program, port: str) -> psutil.Process:
    """Find the descendant of a program that listens on a port."""
    return next(
        each
        for each in processes(program)
        if any(
            connection.laddr.port == int(port) and connection.status == psutil.CONN_LISTEN
            for connection in each.net_connections("tcp")
        )
    )


def worker_of(program: Program) -> psutil.Process:
    """Find the worker among a program's descendants."""
    wanted = list(serve.WORKER[1:])
    return next(each for each in processes(program) if each.cmdline()[-len(wanted) :] == wanted)


def ended(folder: Path, name: str) -> int:
    """Count the restarts of a killed program that serve reported."""
    return (folder / "serve.log").read_text().count(f"The {name} exited (exit code 137); restarting")


@pytest.mark.long
def test_a_killed_server_comes_back_and_takes_no_night_with_it(
    trained_home: FlowHome, tmp_path: Path
) -> None:
    """The server is killed twice during a night: worker and night go on; a killed worker comes back, too."""
    with serving_everything(trained_home, tmp_path) as (server, program):
        port, worker = server.env["PREFECT_SERVER_API_PORT"], worker_of(program)
        deliver(trained_home, 7)
        server.run(*RUN.split()[:-1], "--param", 'config={"settle_seconds": 60}')
        wait_for(lambda: runs_in(server, "RUNNING"), "the night did not begin")
        for times in (1, 2):
            listening(program, port).kill()
            wait_for(lambda times=times: ended(tmp_path, "server") == times, "the end was not noticed")
            wait_until_healthy(server, program)
        wait_for(lambda: runs_in(server, "COMPLETED"), "the night was not completed", 180)
        assert worker == worker_of(program)
        deliver(trained_home, 8)
        server.run(*RUN.split())
        first, second = trained_home.published()

        worker.kill()
        wait_for(lambda: ended(tmp_path, "worker"), "the end was not noticed")
        now = datetime.now(tz=UTC)
        wait_for_worker(server, now)

    assert_scored(first)
    assert_scored(second)


def test_a_server_that_cannot_start_ends_everything(home: FlowHome, tmp_path: Path) -> None:
    """With a damaged database nothing is tried again; the last line says so, with exit code 60."""
    env = settings(home.path)
    (home.path / "prefect" / "prefect.db").write_bytes(b"no database" * 1_000)
    log = tmp_path / "serve.log"
    with started("python", "deployments/serve.py", env=env, cwd=ROOT, log=log) as program:
        code = program.process.wait(90)
    errors = [line for line in log.read_text().splitlines() if line.startswith("error: ")]

    assert code == 60
    assert len(errors) == 1
    assert "the server cannot start (exit code 3)" in errors[0]
    assert log.read_text().endswith(f"{errors[0]}\n")


def test_waiting_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """While something starts, a line is printed every five seconds, whatever else is slow."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    with serve._progress("the server") as tick:
        for _ in range(30):
            tick()

    assert capsys.readouterr().out.splitlines() == [
        f"Still waiting for the server ({seconds} s)." for seconds in (5, 10, 15)
    ]


def test_the_pause_grows_up_to_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that ends at once is started after 1, 2, 4, ... 60 s; one that ran steadily, after 1 s."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def run_for(seconds: float) -> str:
        nonlocal now
        program._process.wait()
        now += seconds
        program.tend()
        said = capsys.readouterr().out
        before = program._process
        while program._process is before:
            now += 1
            program.tend()
        return said

    with serve.Program("server", ("sh", "-c", "exit 7")) as program:
        said = [run_for(2) for _ in range(8)]
        steady = run_for(serve._STEADY_SECONDS)

    assert said[0] == "The server exited (exit code 7); restarting it in 1 s.\n"
    assert [int(line.split()[-2]) for line in said] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert steady == said[0]


def test_a_taken_port_is_refused(server: Server, tmp_path: Path) -> None:
    """If another server uses the port, nothing is started and one line says what to do, with exit code 10."""
    env = settings(tmp_path / "home") | {"PREFECT_SERVER_API_PORT": server.env["PREFECT_SERVER_API_PORT"]}
    log = tmp_path / "serve.log"
    with started("python", "deployments/serve.py", env=env, cwd=ROOT, log=log) as program:
        code = program.process.wait(60)

    assert code == 10
    assert len(log.read_text().splitlines()) == 1
    assert "PREFECT_SERVER_API_PORT" in log.read_text()


@pytest.mark.parametrize("port", ["abc", "99999", "0", "-1", "", "٤٢٠٠"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    """A port that cannot be one is refused as a setting that is not usable."""
    monkeypatch.setenv("PREFECT_SERVER_API_HOST", "127.0.0.1")
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", port)

    with pytest.raises(ConfigError, match=f"PREFECT_SERVER_API_PORT: '{port}' is not a port"):
        serve._free_address()
