import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from alembic.script import ScriptDirectory
from prefect.settings import PREFECT_HOME, Settings, get_current_settings, temporary_settings

from tasks.core.errors import OrchestratorError
from tasks.dashboard import temporary_server as module
from tasks.dashboard.temporary_server import temporary_server


def write(home: Path, revision: str) -> None:
    """Make a database of a revision."""
    with closing(sqlite3.connect(home / "prefect.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))


def settings(home: Path) -> Settings:
    """Return Prefect's settings with a folder of its own."""
    with temporary_settings({PREFECT_HOME: home}):
        return get_current_settings()


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged": (lambda home: (home / "prefect.db").write_text("garbage"), "file is not a database"),
    "empty": (lambda home: (home / "prefect.db").write_bytes(b""), "no such table"),
    "newer": (lambda home: write(home, "ffffffffffff"), "was created by a different version of Prefect"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_database_that_cannot_be_used_is_refused_at_once(how: str, tmp_path: Path) -> None:
    """No server is started in vain."""
    breaking, said = BROKEN[how]
    breaking(tmp_path)

    with pytest.raises(OrchestratorError, match=said), temporary_server(settings(tmp_path)):
        pytest.fail("it was not refused")


def test_a_locked_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes to it for long is not waited for."""
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.0)
    write(tmp_path, "a")
    with closing(sqlite3.connect(tmp_path / "prefect.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")

        with (
            pytest.raises(OrchestratorError, match="database is locked"),
            temporary_server(settings(tmp_path)),
        ):
            pytest.fail("it was not refused")


def test_a_home_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    """So is one that is not there."""
    with pytest.raises(OrchestratorError, match="is not a writable folder"):
        temporary_server(settings(tmp_path / "nowhere")).__enter__()


def test_a_server_that_ends_while_it_starts_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect would start it again and again for ninety seconds."""
    started = []

    def fail(_: int) -> tuple[str, ...]:
        started.append(1)
        return ("false",)

    monkeypatch.setattr(module, "_command", fail)

    with pytest.raises(OrchestratorError, match="does not start"), temporary_server(settings(tmp_path)):
        pytest.fail("it was not refused")
    assert started == [1]


def test_a_server_that_does_not_start_in_time_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is left behind."""
    pid = tmp_path / "pid"
    program = (
        f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    monkeypatch.setattr(module, "_command", lambda _: (sys.executable, "-c", program))
    hurried = settings(tmp_path)
    hurried.server.ephemeral.startup_timeout_seconds = 2

    with pytest.raises(OrchestratorError, match="does not start"), temporary_server(hurried):
        pytest.fail("it started")

    assert not psutil.pid_exists(int(pid.read_text()))


def test_every_migration_states_its_revision_as_it_is_read_here() -> None:
    """The revisions are those of Alembic, so that no database of this Prefect is taken for a foreign one."""
    alembic = ScriptDirectory(str(module._MIGRATIONS), version_locations=[str(module._MIGRATIONS)])

    assert all(module._is_known(each.revision) for each in alembic.walk_revisions())
