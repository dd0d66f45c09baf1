"""Messages of a deployment without a usable server."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from deployments import automations
from tests.harness.deployment import DEPLOY
from tests.harness.server import ROOT


@pytest.mark.parametrize(
    ("prefect", "said"), [(1, "no server answers at http://here/api"), (3, "refuses the password")]
)
def test_a_server_that_cannot_be_used_is_the_orchestrators_fault(
    prefect: int, said: str, tmp_path: Path
) -> None:
    """If `prefect api` keeps failing, deploying ends with one line and exit code 60."""
    for name, code in (("prefect", prefect), ("sleep", 0)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PREFECT_API_URL": "http://here/api"}
    done = subprocess.run(DEPLOY.split(), env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 60
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("code", "said"), [(401, "refuses the password"), (403, "refuses the password"), (500, "status 500")]
)
def test_a_refusal_of_the_server_is_said_without_its_address(code: int, said: str) -> None:
    """A status becomes a sentence; an address with a password in it is not repeated."""
    request = httpx.Request("GET", "http://churn:secret@here/api")
    error = automations._unusable(
        httpx.HTTPStatusError(f"at {request.url}", request=request, response=httpx.Response(code))
    )

    assert said in str(error)
    assert "here" not in str(error)
    assert error.exit_code == 60
