"""Start a temporary Prefect server for runs that have no server configured.

It is the one that Prefect's own client would start; but to start that one, the client loads the whole
server in its own process first, which takes seconds.
"""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import prefect
from prefect.settings import Settings

from tasks.core.errors import OrchestratorError

_LOCK_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 5.0
_PACKAGE: Final = Path(prefect.__file__).parent
_MIGRATIONS: Final = _PACKAGE / "server" / "database" / "_migrations" / "versions" / "sqlite"
_FOREIGN: Final = "was created by a different version of Prefect; move it away to start with a new one"
_ENDED: Final = "its temporary server does not start; run `prefect server start` to see why"
_HERE: Final = "127.0.0.1"
_AS_PREFECT: Final = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}
"""What Prefect's client sets for its temporary server."""


@contextmanager
def temporary_server(settings: Settings) -> Iterator[str]:
    """Run a server whose database is in Prefect's own folder; yield the URL of its API.

    It is not restarted: a broken database does not repair itself.

    Raises:
        OrchestratorError: its database cannot be used, it exited while starting, or it did not start in time.
    """
    _refuse_unusable(settings.home)
    port = _free_port()
    server = subprocess.Popen(  # noqa: S603 Prefect's own program
        _command(port),
        env={**os.environ, **_AS_PREFECT, **settings.to_environment_variables(exclude_unset=True)},
    )
    url = f"http://{_HERE}:{port}/api"
    try:
        _wait_until_healthy(server, url, settings.server.ephemeral.startup_timeout_seconds)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _command(port: int) -> tuple[str, ...]:
    program = (sys.executable, "-m", "uvicorn", "--app-dir", str(_PACKAGE.parent))
    app = ("--factory", "prefect.server.api.server:create_app", "--lifespan", "on", "--log-level", "error")
    return (*program, *app, "--host", _HERE, "--port", str(port))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_HERE, 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_healthy(server: "subprocess.Popen[bytes]", url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with httpx.Client(trust_env=False) as client:
        while server.poll() is None and time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if client.get(f"{url}/health").is_success:
                    return
            time.sleep(_PAUSE_SECONDS)
    raise OrchestratorError(_ENDED)


def _refuse_unusable(home: Path) -> None:
    """Reject at once what a temporary server would reject after a minute or with pages of tracebacks.

    Raises:
        OrchestratorError: the folder is not writable, or the database in it is locked, damaged or from a
            newer Prefect.
    """
    if not os.access(home, os.W_OK):
        raise OrchestratorError(f"{home} is not a writable folder")
    database = home / "prefect.db"
    if not database.is_file():
        return
    try:
        with closing(sqlite3.connect(database, timeout=_LOCK_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise OrchestratorError(f"{database}: {error}") from None
    if not _is_known(revision):
        raise OrchestratorError(f"{database} {_FOREIGN}")


def _is_known(revision: str) -> bool:
    """Tell whether one of this Prefect's migrations has that revision, without loading Alembic."""
    line = f'revision = "{revision}"'
    return any(line in migration.read_text().splitlines() for migration in _MIGRATIONS.glob("*.py"))
