"""Nights in surroundings that are not ours to choose: a container's user, locale, folders and proxies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.another_user import NOBODY, only_root, open_folder
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.server import free_port

ROOT = Path(__file__).parents[2]
READS_ALL = "+dac_read_search"
"""The capability to read, but not to write, what belongs to others."""
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *(f"--inh-caps={READS_ALL}", f"--ambient-caps={READS_ALL}"),
)
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@only_root
def test_a_container_of_the_strictest_kind(trained_home: FlowHome) -> None:
    """Another user, read-only code, no HOME, an ASCII locale, a dead server behind a proxy: it scores.

    Prefect is a warning; numba's cache is below CHURN_HOME.
    """
    with open_folder() as folder:
        home = folder / "home"
        shutil.copytree(trained_home.path, home)
        extract = home / "crm_été_2026-03-01.csv"
        make_customers(60, seed=3).to_csv(extract, index=False)
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "flows/score_flow.py", "--extract", str(extract)],
            cwd=ROOT,
            env=ASCII
            | {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
                "CHURN_HOME": str(home),
                "CHURN_PREFECT_WAIT_SECONDS": "1",
                "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
                "HTTP_PROXY": f"http://127.0.0.1:{free_port()}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        published = [path for path in (home / "scores").iterdir() if path.is_dir()]
        cached = list((home / ".cache").rglob("*.nbi"))

    assert done.returncode == 0, done.stderr
    assert len(published) == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("WARNING | Prefect") == 1
    assert cached


@pytest.mark.parametrize(
    ("command", "code", "shown"),
    [
        (("status.py",), 4, "inbox_missing"),
        (("simulate.py", "--out", "été.csv", "--rows", "500"), 0, "\\udcc3\\udca9t"),
    ],
)
def test_an_ascii_locale(command: tuple[str, ...], code: int, shown: str, tmp_path: Path) -> None:
    """A path that the locale cannot write is escaped, and stops nothing."""
    home = tmp_path / "été"
    home.mkdir()
    name, *flags = command
    here = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT), "CHURN_HOME": str(home), "COLUMNS": "500"}
    done = subprocess.run(
        [sys.executable, ROOT / "flows" / name, *flags],
        cwd=home,
        env=os.environ | ASCII | here,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stderr
    assert shown in done.stdout.replace("\n", "").replace(" ", "")


@only_root
@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        (("-c", "import tasks.core.api, tasks.core.extract.fast.plain_ids"), 0, ""),
        (("flows/score_flow.py", "--help"), 0, ""),
        (("flows/status.py",), 10, "does not exist"),
    ],
)
def test_nothing_can_be_written_anywhere(program: tuple[str, ...], code: int, said: str) -> None:
    """Another user with read-only code and no home: nothing is cached, and no home is created."""
    with open_folder() as folder:
        missing = folder / "missing"
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, *program],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CHURN_HOME": str(missing)},
            capture_output=True,
            text=True,
            check=False,
        )
        created = missing.exists()

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not created
