"""`make test-postgres`: Prefect on a PostgreSQL server of its own, in a temporary folder, on loopback."""

import getpass
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.deployment import (
    DEPLOY,
    prove_published_by_itself,
    runs_in,
    scheduled_every_minute,
    wait_for,
    working,
)
from tests.harness.flow_home import FlowHome
from tests.harness.server import free_port, serving

OWNER = "postgres" if os.geteuid() == 0 else getpass.getuser()
"""PostgreSQL refuses to run as root; Debian's package brings this user."""


@pytest.fixture
def database() -> Iterator[str]:
    """Run a PostgreSQL server with an empty database; give its address."""
    folder = Path(tempfile.mkdtemp(prefix="churn-postgres-"))
    shutil.chown(folder, OWNER)
    bin_folder = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    password, port = secrets.token_hex(16), free_port()

    def run(program: str, *arguments: str) -> None:
        command = [bin_folder / program, *arguments]
        env = {"PGPASSWORD": password, "PATH": os.environ["PATH"]}
        subprocess.run(command, env=env, cwd=folder, user=OWNER, check=True, stdout=subprocess.DEVNULL)

    secret = folder / "password"
    secret.write_text(password)
    shutil.chown(secret, OWNER)
    run("initdb", "--pgdata=data", "--username=prefect", "--auth=scram-sha-256", f"--pwfile={secret}")
    where = ("--host=127.0.0.1", f"--port={port}", "--username=prefect")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories="
    run("pg_ctl", "start", "--pgdata=data", "--wait", "--silent", "--log=log", f"--options={options}")
    try:
        run("createdb", *where, "prefect")
        yield f"postgresql+asyncpg://prefect:{password}@127.0.0.1:{port}/prefect"
    finally:
        run("pg_ctl", "stop", "--pgdata=data", "--mode=immediate")
        shutil.rmtree(folder)


@pytest.mark.timeout(900)
def test_a_scheduled_night_on_postgres(database: str, trained_home: FlowHome, tmp_path: Path) -> None:
    """Migrated, deployed, scheduled by itself, scored; nothing falls back to a file."""
    (trained_home.path / "inbox").mkdir()
    with serving(tmp_path, PREFECT_SERVER_DATABASE_CONNECTION_URL=database) as server:
        server.run("prefect", "server", "database", "upgrade", "--yes")
        server.run(*DEPLOY.split())
        with working(server, trained_home), scheduled_every_minute(server):
            prove_published_by_itself(trained_home, seed=3, within=150)
            runs = wait_for(lambda: runs_in(server, "COMPLETED"), "no run completed")

        assert any(run["auto_scheduled"] for run in runs)
        assert not list(server.prefect_home.rglob("*.db*"))
