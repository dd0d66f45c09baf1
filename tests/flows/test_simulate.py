import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows import cli, simulate
from schemas.timezone import DEFAULT_TIMEZONE
from tasks.core.simulator import customer_frame

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return the program as a function from flags to exit code."""

    def call(*flags: str) -> int:
        monkeypatch.setattr(sys, "argv", ["simulate.py", *flags])
        with pytest.raises(SystemExit) as end:
            cli.run(simulate.main)
        assert isinstance(end.value.code, int)
        return end.value.code

    return call


def test_the_default_is_the_default_training_data(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default 7,043 customers of seed 0 are written, and one line describes them."""
    out = tmp_path / "crm.csv"
    code = run("--out", str(out))
    line = capsys.readouterr().out

    assert code == 0
    assert len(out.read_text().splitlines()) == 7_044
    assert out.read_text().splitlines()[1] == ",".join(customer_frame.simulate(1, 0).iloc[0])
    assert line.count("\n") == 1
    assert "7,043 simulated customers, none of them real" in line
    assert "% churn; 0 faults planted; true probabilities in .crm.truth.csv" in line


def test_settings_reach_the_extract(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows, seed, faults, drift and the missing label all take effect."""
    plain, drifted = tmp_path / "a.csv", tmp_path / "b.csv"
    common = ["--rows", "400", "--seed", "3", "--unlabelled"]
    run("--out", str(plain), *common)
    drift = ("--drift", "tenure=0.5", "--drift", "Contract=-0.1")
    run("--out", str(drifted), *common, "--bad-rows", "0.1", *drift)
    header, first, *_ = plain.read_bytes().splitlines()

    assert b"Churn" not in header
    assert first == ",".join(customer_frame.simulate(1, 3).iloc[0][:-1]).encode()
    assert plain.read_bytes() != drifted.read_bytes()
    assert "(Churn column left out); 40 faults planted" in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize(("name", "day"), [("crm_2026-03-02.csv", "2026-03-02"), ("crm.csv", None)])
def test_contact_lists_have_the_extracts_day(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, day: str | None
) -> None:
    """Or today's, if its name has none; a second line describes them."""
    lists = tmp_path / "lists"
    code = run("--out", str(tmp_path / name), "--rows", "400", "--contacts", str(lists), "--bad-rows", "0.1")
    day = day or f"{datetime.now(tz=ZoneInfo(DEFAULT_TIMEZONE)).date()}"

    assert code == 0
    assert {path.name for path in lists.iterdir()} == {f"objections_{day}.csv", f"basis_{day}.csv"}
    line = capsys.readouterr().out.splitlines()[1]
    assert re.search(rf"contact lists of {day}: \d+ customers objected; [\d,]+ bases; \d+ bad lines", line)


@pytest.mark.parametrize(
    "settings",
    [
        ["--drift", "shoe=0.1"],
        ["--drift", "Contract=Weekly"],
        ["--bad-rows", "0.9"],
        ["--rows", "0"],
        ["--rows", "many"],
        ["--seed", "-1"],
        ["--unknown"],
    ],
)
def test_faulty_settings_end_in_one_line(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: list[str]
) -> None:
    """Every unusable setting gives exit code 10, one line on the error stream and no file."""
    code = run("--out", str(tmp_path / "crm.csv"), *settings)
    told = capsys.readouterr()

    assert code == 10
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not list(tmp_path.iterdir())


def test_progress_is_told_in_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    """A long run reports every tenth once, a short one nothing."""
    report = simulate._progress(1_000_000)
    for done in range(50_000, 1_000_001, 50_000):
        report(done)
    lines = capsys.readouterr().err.splitlines()
    simulate._progress(1_000)(1_000)

    assert len(lines) == 10
    assert lines[-1] == "simulated 1,000,000 of 1,000,000 customers"
    assert capsys.readouterr().err == ""


def test_it_runs_as_a_script_without_training_packages(tmp_path: Path) -> None:
    """The file runs by its path from anywhere and imports neither scikit-learn nor torch nor Prefect."""
    program = (
        "import runpy, sys\n"
        "sys.argv = ['simulate.py', '--out', 'crm.csv', '--rows', '20']\n"
        "try:\n"
        f"    runpy.run_path({str(ROOT / 'flows' / 'simulate.py')!r}, run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "print(sorted({'sklearn', 'torch', 'onnx', 'prefect'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "crm.csv").is_file()
