"""Run one machine's server, deployments, automations and worker until Ctrl-C or SIGTERM: `make serve`.

Run it after `. deployments/env.sh`, from the project's root. A program that exits is restarted.
"""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, Self

from tasks.core.errors import ConfigError, OrchestratorError
from tasks.core.storage.atomic import make_folder

SERVER: Final = ("prefect", "--no-prompt", "server", "start")
DEPLOY: Final = ("sh", "deployments/deploy.sh")
WORKER: Final = ("prefect", "--no-prompt", "worker", "start", "--pool", "churn", "--name", "churn")

SERVER_LOG: Final = "server.log"
"""Output of the server, in Prefect's folder."""
_LARGEST_LOG_BYTES: Final = 10_000_000
"""A larger log is renamed to `server.log.1` at the next start, over an earlier one."""

_SHOWN_CHARACTERS: Final = 2_000
"""End of that file, shown if the server cannot start."""
_PROGRESS_SECONDS: Final = 5
"""Between two lines while waiting."""
_PATIENCE_SECONDS: Final = 30
"""How long a program may take to exit before it is killed."""
_START_SECONDS: Final = 180
"""How long the server may take to answer after it starts."""
_STEADY_SECONDS: Final = 300
"""A program that ran this long is restarted without the longer pause."""
_LONGEST_PAUSE_SECONDS: Final = 60


def main() -> None:
    """Start everything, keep it running until a signal, and stop everything, the worker first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    host, port = _free_address()
    with _server_log() as log, Program("server", SERVER, log) as server:
        _wait_until_it_answers(server, host, port)
        _deploy()
        with Program("worker", WORKER) as worker:
            _say(f"Serving {os.environ['CHURN_HOME']}; Ctrl-C stops server and worker.")
            _keep_running(server, worker)


class Program:
    """A program in its own process group, so that Ctrl-C reaches only us; we stop its whole group.

    If it exits, it is restarted after a pause, which doubles until it runs steadily.
    """

    def __init__(self, name: str, command: tuple[str, ...], output: BinaryIO | None = None) -> None:
        """Start the program; its output goes to the terminal if there is no file for it."""
        self._name, self._command, self._output = name, command, output
        self._pause = 1
        self._due: float | None = None
        self._start()

    def __enter__(self) -> Self:
        """Keep it running until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it to stop, and kill it if it does not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)

    @property
    def exit_code(self) -> int | None:
        """Its exit code as in a shell, 128 plus the signal if it was killed; None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def tend(self) -> None:
        """Restart the program if it has exited and its pause is over."""
        now = time.monotonic()
        if self._due is None and (code := self.exit_code) is not None:
            self._signal(signal.SIGKILL)  # its children: a server's still holds the port, a worker's the run
            if now - self._started >= _STEADY_SECONDS:
                self._pause = 1
            _say(f"The {self._name} exited (exit code {code}); restarting it in {self._pause} s.")
            self._due = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        if self._due is not None and now >= self._due:
            self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, start_new_session=True, stdout=self._output, stderr=self._output
        )
        self._started, self._due = time.monotonic(), None

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _keep_running(*programs: Program) -> NoReturn:
    while True:
        for program in programs:
            program.tend()
        time.sleep(0.5)


@contextmanager
def _server_log() -> Iterator[BinaryIO]:
    """Open the file for the server's output, which on SQLite has pages of tracebacks that do no harm."""
    path = make_folder(Path(os.environ["PREFECT_HOME"])) / SERVER_LOG
    if path.is_file() and path.stat().st_size > _LARGEST_LOG_BYTES:
        path.replace(f"{path}.1")
    with path.open("ab") as log:
        yield log


def _wait_until_it_answers(server: Program, host: str, port: int) -> None:
    log = Path(os.environ["PREFECT_HOME"], SERVER_LOG)
    _say(f"Waiting for Prefect's server to answer at {host}:{port}; its log is {log}.")
    with _progress("the server") as tick:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(host, port):
            if (code := server.exit_code) is not None:
                _say(log.read_text(errors="replace")[-_SHOWN_CHARACTERS:])
                raise OrchestratorError(
                    f"the server cannot start (exit code {code}); its last lines above say why."
                    " Fix it, or move Prefect's database away: a new one is created, and no scores are lost."
                )
            if time.monotonic() > deadline:
                raise OrchestratorError(
                    f"the server does not answer at {host}:{port} after {_START_SECONDS} s. Start again."
                )
            tick()


@contextmanager
def _progress(what: str) -> Iterator[Callable[[], None]]:
    """Give a function that waits half a second, and prints a line every few seconds."""
    started = shown = time.monotonic()

    def tick() -> None:
        nonlocal shown
        time.sleep(0.5)
        if (now := time.monotonic()) - shown >= _PROGRESS_SECONDS:
            shown = now
            _say(f"Still waiting for {what} ({now - started:.0f} s).")

    yield tick


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _deploy() -> None:
    _say("Creating work pool, deployments and automations.")
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(DEPLOY, stdout=output, stderr=subprocess.STDOUT) as deploy,
        _progress("work pool, deployments and automations") as tick,
    ):
        while deploy.poll() is None:
            tick()
        output.seek(0)
        said = output.read().decode(errors="replace")
    if deploy.returncode:
        _say(said)
        kind = OrchestratorError if deploy.returncode == OrchestratorError.exit_code else ConfigError
        raise kind(f"{DEPLOY[-1]} failed; its output is above. Fix the cause, then start again.")


def _say(line: str) -> None:
    print(line, flush=True)


def _leave(number: int, _frame: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    _say(f"\nStopping ({signal.Signals(number).name}).")
    sys.exit(0)


def _free_address() -> tuple[str, int]:
    """Return the host and port on which the server will listen.

    Raises:
        ConfigError: the port is invalid, or taken.
    """
    host, given = os.environ["PREFECT_SERVER_API_HOST"], os.environ["PREFECT_SERVER_API_PORT"]
    port = int(given) if re.fullmatch("[0-9]{1,5}", given) else 0
    if port not in range(1, 65_536):
        raise ConfigError(f"PREFECT_SERVER_API_PORT: '{given}' is not a port; expected 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} of {host} cannot be used: {error.strerror}. Stop the program that uses it, or"
                " set PREFECT_SERVER_API_PORT."
            ) from None
    return host, port


if __name__ == "__main__":
    cli.run(main)
