"""Run a flow's program as an operator does, with no server to wait for."""

import os
import sys
from pathlib import Path

from tests.harness.environment import PATIENCE
from tests.harness.server import free_port

ROOT = Path(__file__).parents[2]


def command(home: Path, *arguments: str, **variables: str) -> dict[str, object]:
    """Return how to run a flow's program, with no server to wait for."""
    own = {"CHURN_HOME": str(home), "PYTHONPATH": str(ROOT), PATIENCE: "0.5"}
    server = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}
    return {
        "args": [sys.executable, ROOT / "flows" / arguments[0], *arguments[1:]],
        "env": os.environ | own | server | variables,
        "cwd": home,
    }
