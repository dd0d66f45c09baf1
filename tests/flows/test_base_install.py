import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome

ROOT = Path(__file__).parents[2]
PROJECT = ("flows", "schemas", "tasks", "README.md", "constraints.txt", "pyproject.toml")
INSTALL = ("-c constraints.txt setuptools wheel", "-c constraints.txt --no-build-isolation .")
"""What `pip install --quiet` is given; the container files give it the same."""

TRAINING_ONLY = ("torch", "sklearn", "onnx")


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program isolated from this environment's packages, and compile its own only once."""
    hidden = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    own = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(command, cwd=cwd, env=own | env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project, so that the build does not change it."""
    copy = tmp_path_factory.mktemp("base") / "churn"
    copy.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="session")
def python(checkout: Path) -> Path:
    """Install the project from the lock file without extras; return the environment's interpreter."""
    venv = checkout.parent / "venv"
    interpreter = venv / "bin" / "python"
    pip = (interpreter, "-m", "pip", "install", "--quiet", "--no-compile")  # little of it is imported
    for command in ((sys.executable, "-m", "venv", venv), *((*pip, *given.split()) for given in INSTALL)):
        done = run(*command, cwd=checkout)
        assert done.returncode == 0, done.stderr
    return interpreter


@pytest.mark.long
@pytest.mark.timeout(900)
def test_scoring_works_without_the_training_packages(
    python: Path, checkout: Path, trained_home: FlowHome, tmp_path: Path
) -> None:
    """In the base install torch, scikit-learn and onnx are not importable, and a champion scores."""
    extract = tmp_path / "crm_2026-03-05.csv"
    make_customers(50, seed=5).to_csv(extract, index=False)
    imports = {name: run(python, "-c", f"import {name}", cwd=tmp_path) for name in TRAINING_ONLY}
    scored = run(
        python,
        "flows/score_flow.py",
        "--extract",
        extract,
        cwd=checkout,
        CHURN_HOME=str(trained_home.path),
        PREFECT_HOME=str(tmp_path / "prefect"),
        DO_NOT_TRACK="1",
    )

    assert all("ModuleNotFoundError" in done.stderr for done in imports.values())
    assert scored.returncode == 0, scored.stderr
    assert len(trained_home.scores()) == 50
