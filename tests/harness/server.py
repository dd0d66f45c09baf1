"""Prefect's server, workers and command line as separate processes, as `deployments/env.sh` sets them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.harness.environment import PATIENCE

ROOT = Path(__file__).parents[2]
SERVER = "prefect --no-prompt server start"


@dataclass(frozen=True)
class Program:
    """A program in a process group of its own."""

    process: subprocess.Popen[bytes]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to the whole group, and kill what does not exit within 20 seconds."""
        for number in (how, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)


@contextmanager
def started(*command: str, env: dict[str, str], cwd: Path, log: Path) -> Iterator[Program]:
    """Start a program that writes to `log`, and leave none of its processes behind."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=env, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    program = Program(process)
    try:
        yield program
    finally:
        program.stop()


@dataclass(frozen=True)
class Server:
    """A running Prefect server with a private home, and how to reach it."""

    env: dict[str, str]
    logs: Path

    @property
    def prefect_home(self) -> Path:
        """The folder of the server's database."""
        return Path(self.env["PREFECT_HOME"])

    def env_of(self, home: Path) -> dict[str, str]:
        """Return the environment of programs that work in the CHURN_HOME `home`."""
        return {**self.env, "CHURN_HOME": str(home)}

    def run(self, *command: str, **env: str) -> str:
        """Run a command that must succeed, in the project's root; return its output."""
        done = subprocess.run(
            command, env=self.env | env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def flow(self, name: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        """Run a flow by its file, against this server."""
        command = [sys.executable, f"flows/{name}_flow.py", *arguments]
        return subprocess.run(
            command, env=self.env_of(home), cwd=ROOT, capture_output=True, text=True, check=False
        )

    def status(self, home: Path) -> str:
        """Return the status page of a home."""
        command = [sys.executable, "flows/status.py"]
        env = self.env_of(home)
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False).stdout

    def ask(self, path: str, body: object = None, method: str = "") -> Any:
        """Send a request to the API: a GET without a body, a POST with one, or another method."""
        user, _, password = self.env["PREFECT_API_AUTH_STRING"].partition(":")
        for _ in range(10):
            answer = httpx.request(
                method or ("GET" if body is None else "POST"),
                f"{self.env['PREFECT_API_URL']}/{path}",
                json=body,
                auth=(user, password),
                timeout=90,
            )
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)  # the database is locked; Prefect's own client tries again, too
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of every program's log."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in sorted(self.logs.glob("*.log"))
        )


@contextmanager
def serving(folder: Path, **env: str) -> Iterator[Server]:
    """Start a server on a free port and wait until it is healthy."""
    server = Server(settings(folder / "home") | env, folder)
    with started(*SERVER.split(), env=server.env, cwd=ROOT, log=folder / "server.log") as program:
        wait_until_healthy(server, program)
        yield server


def wait_until_healthy(server: Server, program: Program) -> None:
    """Wait until a program's server answers."""
    deadline = time.monotonic() + 90
    while not _is_healthy(server):
        assert program.process.poll() is None, f"the server ended\n{server.log_tail()}"
        assert time.monotonic() < deadline, f"the server is not healthy\n{server.log_tail()}"
        time.sleep(0.5)


def settings(home: Path) -> dict[str, str]:
    """Source `deployments/env.sh` as a terminal would, without the developer's own settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CHURN_"))}
    own["PATH"] = f"{Path(sys.executable).parent}:{own['PATH']}"
    own |= {"CHURN_HOME": str(home), "PREFECT_SERVER_API_PORT": str(free_port())}
    own[PATIENCE] = "120"  # what a run shows does not depend on how busy the machine is
    sourced = subprocess.run(
        ["sh", "-ec", ". deployments/env.sh; env -0"], env=own, cwd=ROOT, capture_output=True, check=True
    )
    return dict(line.split("=", 1) for line in sourced.stdout.decode().split("\0") if line)


def free_port() -> int:
    """Find a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_healthy(server: Server) -> bool:
    try:
        return bool(server.ask("health"))
    except httpx.HTTPError:
        return False
