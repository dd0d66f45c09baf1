import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.home import Home

ROOT = Path(__file__).parents[2]
PROMISES = {
    "Arrows point down: flows, steps and core, schemas",
    "Prefect stays in flows, the dashboard and the runs that it orders",
    "Core reaches no step and no flow",
    "Flows share nothing but flows.cli",
    "Steps import no step",
    "Only the training core imports what only training needs",
    "Only report and presentation draw",
    "Only the presentation writes slides",
    "Only its step imports the presentation",
    "The wings of core import downward only",
    "The extract is read in four layers",
    "A campaign is chosen, then written, then published",
    "Training is built in layers",
    "Only training steps import the training core",
    "Only one module runs the model",
    "Only one module compiles",
    "Scoring never reaches training, however indirectly",
}


def test_every_promise_is_a_contract() -> None:
    """No import rule is dropped from pyproject.toml unnoticed."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert {contract["name"] for contract in settings["contracts"]} == PROMISES


def test_the_contracts_are_kept() -> None:
    """No module imports what the layers forbid."""
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    linted = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert linted.returncode == 0, linted.stdout
    assert f"Contracts: {len(PROMISES)} kept, 0 broken." in linted.stdout


def loaded_by(flow: str, *arguments: str | Path) -> set[str]:
    """Run a flow's file as a program that must succeed; return the top-level packages it has loaded."""
    program = (
        "import atexit, runpy, sys;"
        "atexit.register(lambda: print(*{name.partition('.')[0] for name in sys.modules}));"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", program, ROOT / "flows" / flow, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_scoring_loads_nothing_of_training_and_no_prefect(trained_home: Home, crm_extract: Path) -> None:
    """A whole run by hand loads nothing that it does not need; another process reports it to Prefect.

    SciPy may be there: numba loads it where it is installed, and does without where it is not.
    """
    unneeded = {"torch", "sklearn", "onnx", "matplotlib", "dask", "distributed", "hypothesis", "prefect"}
    loaded = loaded_by("score_flow.py", "--extract", crm_extract)

    assert len(trained_home.scores()) == 600
    assert {"numba", "onnxruntime", "pandas"} <= loaded
    assert not unneeded & loaded


def test_the_flags_are_read_before_anything_heavy_is_loaded() -> None:
    """The process that reports a run starts at once, and loads Prefect's client beside the run's imports."""
    loaded = loaded_by("score_flow.py", "--help")

    assert not {"prefect", "numpy", "numba", "onnxruntime", "pandas", "pandera", "pyarrow"} & loaded


def test_tests_of_the_core_load_neither_prefect_nor_a_flow() -> None:
    """Whatever a test of core or schemas imports while it is collected, it is not one of these."""
    program = (
        "import sys, pytest; pytest.main(['--collect-only', '-qq', '-p', 'no:cacheprovider', *sys.argv[1:]]);"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", program, "tests/core", "tests/schemas"]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    *tests, loaded = collected.stdout.splitlines()

    assert len(tests) > 10, collected.stderr
    assert "tasks" in loaded.split()
    assert not {"prefect", "flows"} & set(loaded.split())


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", ["benchmarks", "torture"])
def test_benchmarks_and_torture_tests_serve_themselves(folder: str) -> None:
    """No other test imports what times the product or breaks its disk, and no search path leads there."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    tests = ROOT / "tests"
    others = [path for path in tests.rglob("*.py") if not path.is_relative_to(tests / folder)]

    assert settings["pythonpath"] == ["."]
    assert len(others) > 100
    assert [path for path in others if any(f"tests.{folder}" in name for name in imports_of(path))] == []
