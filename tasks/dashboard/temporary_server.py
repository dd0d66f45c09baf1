"""Start Prefect's own temporary server for runs that have no server configured.

Imported only when needed: it loads the whole server, which takes seconds.
"""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import prefect.server.database
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from prefect.server.api.server import SubprocessASGIServer

from tasks.core.errors import OrchestratorError

_LOCK_SECONDS: Final = 2.0
_MIGRATIONS: Final = Path(prefect.server.database.__file__).parent / "_migrations"
_FOREIGN: Final = "was created by a different version of Prefect; move it away to start with a new one"
_ENDED: Final = "its temporary server does not start; run `prefect server start` to see why"


@contextmanager
def temporary_server(home: Path) -> Iterator[None]:
    """Run a server whose database is in `home`, Prefect's own folder.

    Raises:
        OrchestratorError: its database cannot be used, or it exited while starting.
    """
    _refuse_unusable(home)
    server = _StartedOnce()
    start = threading.Thread(target=server.start_or_not, daemon=True)
    start.start()
    try:
        while start.is_alive():
            start.join(0.1)
            if server.server_process is not None and server.server_process.poll() is not None:
                raise OrchestratorError(_ENDED)
        if not server.running:
            raise OrchestratorError(_ENDED)
        yield
    finally:
        server.stop()


class _StartedOnce(SubprocessASGIServer):
    """A server that is not restarted: a broken database does not repair itself."""

    def start_or_not(self) -> None:
        """Start and set `running`, or not; it may be stopped in the meantime."""
        with suppress(Exception):
            self.start()

    def _run_uvicorn_command(self) -> "subprocess.Popen[bytes]":
        if self.server_process is not None:
            raise OrchestratorError(_ENDED)
        return super()._run_uvicorn_command()


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
        ScriptDirectory(
            str(_MIGRATIONS), version_locations=[str(_MIGRATIONS / "versions" / "sqlite")]
        ).get_revision(revision)
    except sqlite3.Error as error:
        raise OrchestratorError(f"{database}: {error}") from None
    except CommandError:
        raise OrchestratorError(f"{database} {_FOREIGN}") from None
