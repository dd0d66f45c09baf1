"""Whether onnxruntime reports to its maker, seen from outside the process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.harness.home import Home

ROOT = Path(__file__).parents[3]
OURS = """
import pathlib, sys
from tasks.core.bundle.onnx_model import Model
Model(pathlib.Path(sys.argv[1]).read_bytes())
"""
PLAIN = "import sys, onnxruntime; onnxruntime.InferenceSession(sys.argv[1])"


def left_behind(program: str, model: Path, user: Path) -> list[str]:
    """Open a session as a user with an empty home; list the files that are there afterwards."""
    user.mkdir()
    suppressing = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME"}
    env = {name: value for name, value in os.environ.items() if name not in suppressing}
    subprocess.run(
        [sys.executable, "-c", program, str(model)],
        cwd=ROOT,
        env=env | {"HOME": str(user), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    return [path.name for path in user.rglob("*") if "onnxruntime" in str(path) and path.is_file()]


def test_a_session_leaves_no_telemetry_behind(trained_home: Home, tmp_path: Path) -> None:
    """Ours writes no device id and queues no events; a plain session does, so the test can tell."""
    (model,) = trained_home.registry.glob("bundles/*/model.onnx")

    assert left_behind(OURS, model, tmp_path / "ours") == []
    assert "deviceid" in left_behind(PLAIN, model, tmp_path / "plain")
