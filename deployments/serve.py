"""Run server, deployments, automations and worker of one machine until Ctrl-C or SIGTERM: `make serve`.

After `. deployments/env.sh`, from the project's root.
"""

from flows import cli  # first: it sets what Prefect reads when it is imported

# isort: split
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tasks.core.errors import ConfigError

SERVER: Final = ("prefect", "--no-prompt", "server", "start")
DEPLOY: Final = ("sh", "deployments/deploy.sh")
WORKER: Final = ("prefect", "--no-prompt", "worker", "start", "--pool", "churn", "--name", "churn")

_PATIENCE_SECONDS: Final = 30
"""How long a program may take to leave before it is killed."""


def main() -> None:
    """Start everything, wait for the order to stop, stop everything: the worker first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    _refuse_a_taken_port()
    with _running(*SERVER) as server:
        _deploy()
        with _running(*WORKER) as worker:
            print(f"Serving {os.environ['CHURN_HOME']}; Ctrl-C stops server and worker.", flush=True)
            while server.poll() is None and worker.poll() is None:
                time.sleep(1)
    ended = "server" if server.returncode is not None else "worker"
    raise ConfigError(f"the {ended} ended by itself; its last lines above say why. Run `make serve` again.")


def _deploy() -> None:
    done = subprocess.run(DEPLOY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, flush=True)
        raise ConfigError(f"{DEPLOY[-1]} failed; what it said stands above. Mend it, then start again.")


def _leave(number: int, _frame: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    print(f"\nStopping ({signal.Signals(number).name}).", flush=True)
    sys.exit(0)


def _refuse_a_taken_port() -> None:
    host, given = os.environ["PREFECT_SERVER_API_HOST"], os.environ["PREFECT_SERVER_API_PORT"]
    port = int(given) if re.fullmatch("[0-9]{1,5}", given) else 0
    if port not in range(1, 65_536):
        raise ConfigError(f"PREFECT_SERVER_API_PORT: '{given}' is no port; expected 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} of {host} cannot be used: {error.strerror}. Stop what listens there, or set"
                " PREFECT_SERVER_API_PORT."
            ) from None


@contextmanager
def _running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own, so that Ctrl-C reaches us alone; end the whole group after us."""
    program = subprocess.Popen(command, start_new_session=True)
    try:
        yield program
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(program.pid, number)
            with suppress(subprocess.TimeoutExpired):
                program.wait(_PATIENCE_SECONDS)


if __name__ == "__main__":
    cli.run(main)
