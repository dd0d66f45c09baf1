"""The page of figures says what was not run, and which tests prove the rest."""

from pathlib import Path

import pytest

from tests.torture import run
from tests.torture.outcome import Outcome, control

ROOT = Path(__file__).parents[2]


def test_a_torture_test_that_was_not_run_is_named() -> None:
    """Every torture test has a line: what it came to, or that it was not run."""
    outcome = {"name": "one bit", "trials": 1_000, "violations": [], "seconds": 2.0}

    page = run.report({"flips": {"scale": 0.5, "outcomes": [outcome]}})

    assert "| one bit | 1,000 | 0 | 2 | `make torture ONLY=flips SCALE=0.5` |" in page
    for name in run.torture_tests(1).keys() - {"flips"}:
        assert f"| {name} | not run | | | `make torture ONLY={name}` |" in page


@pytest.mark.parametrize("test", run.PROVEN.values())
def test_a_promise_has_its_test(test: str) -> None:
    """The page names existing tests."""
    path, name = test.split("::")

    assert f"def {name}(" in (ROOT / path).read_text()


@pytest.mark.parametrize(
    ("violations", "caught"), [(["champion: torn", "champion: torn"], 2), (["exit code 1"], 0), ([], 0)]
)
def test_a_control_that_is_not_caught_is_a_violation(violations: list[str], caught: int) -> None:
    """Only a violation caused by the planted fault counts as caught."""
    told = control("a broken writer", Outcome("tried", 5, violations), "champion: ")

    assert told.name == f"control: a broken writer is caught ({caught} times)"
    assert told.trials == 5
    assert told.violations == ([] if caught else ["it was not caught"])
