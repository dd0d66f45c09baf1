"""The settings that every terminal and unit sources."""

import os
import subprocess
import sys
from pathlib import Path

from tests.harness.server import ROOT

SOURCE = ". deployments/env.sh; echo $PREFECT_API_AUTH_STRING $PREFECT_SERVER_API_AUTH_STRING"


def sourcing(home: Path) -> "subprocess.Popen[str]":
    """Start a shell that sources env.sh for a home and prints its passwords."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= {"CHURN_HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"}
    return subprocess.Popen(
        ["sh", "-ec", SOURCE], env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_shells_that_start_at_once_have_one_password(tmp_path: Path) -> None:
    """Eight at once in a new home agree on the password, which only its owner may read."""
    shells = [sourcing(tmp_path) for _ in range(8)]
    said = [shell.communicate()[0].split() for shell in shells]
    (made,) = (tmp_path / "prefect").iterdir()

    assert made.name == "auth"
    assert made.stat().st_mode & 0o777 == 0o600
    assert made.stat().st_nlink == 1
    assert made.read_text().startswith("churn:")
    assert said == [[made.read_text().strip()] * 2] * 8


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    """A server without a password would be open: an empty file ends the shell with one line."""
    auth = tmp_path / "prefect" / "auth"
    auth.parent.mkdir()
    auth.touch()
    shell = sourcing(tmp_path)
    out, err = shell.communicate()

    assert shell.returncode
    assert out == ""
    assert len(err.splitlines()) == 1
    assert f"there is no password in {auth}" in err
