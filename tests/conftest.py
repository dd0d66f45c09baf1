"""Fixtures shared by all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.storage.locks import locked
from tests.harness.customers import make_customers
from tests.harness.environment import KEY, SECRET
from tests.harness.home import Home

ROOT = Path(__file__).parents[1]
assert SECRET.given is not None
os.environ[KEY] = SECRET.given  # none is made in the home folder of whoever runs the tests


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name binary parameters by their kind: gzip headers contain the time, but test names must be stable."""
    return "binary" if isinstance(val, bytes) and not val.decode("latin-1").isprintable() else None


@pytest.fixture(scope="session")
def real_extract() -> Path:
    """Find the real extract; without it, skip, or fail if CHURN_REQUIRE_REAL=1."""
    path = Path(os.environ.get("CHURN_REAL_EXTRACT", ROOT.parent / "shared" / "data" / "telco_churn.csv"))
    if path.is_file():
        return path
    reason = "the real extract is not here: set CHURN_REAL_EXTRACT to its path"
    if os.environ.get("CHURN_REQUIRE_REAL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, real_extract: Path) -> Home:
    """Make a CHURN_HOME trained on the real extract with default settings; tests must not change it."""
    return trained_once("real", tmp_path_factory, real_extract, "--default")


@pytest.fixture(scope="session")
def crm_extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an extract of six hundred made-up customers that are not marked as simulated."""
    path = tmp_path_factory.mktemp("crm") / "crm_2026-03-01.csv"
    make_customers(600).to_csv(path, index=False)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Make an empty CHURN_HOME."""
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory, crm_extract: Path) -> Home:
    return trained_once("trained", tmp_path_factory, crm_extract)


@pytest.fixture
def trained_home(_trained: Home, home: Home) -> Home:
    """Make a CHURN_HOME with a champion trained on `crm_extract`."""
    return _trained.copy_to(home.path)


def trained_once(name: str, folders: pytest.TempPathFactory, extract: Path, *options: str) -> Home:
    """Train a home once for all workers, in another process, because tests of the core load no flow."""
    shared = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home = shared / f"{name}-home"
    with locked(shared / f"{name}-lock"):
        if not home.exists():
            aside = home.with_suffix(".new")
            command = [sys.executable, "-m", "tests.harness.flow_home", str(aside), str(extract), *options]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            aside.rename(home)
    return Home(home)
