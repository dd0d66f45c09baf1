"""The page of figures says what was not run, and where the rest is proven."""

from pathlib import Path

import pytest

from tests.torture import run

ROOT = Path(__file__).parents[2]


def test_an_ordeal_that_was_not_run_is_named() -> None:
    """Every ordeal has a line: what it came to, or that it was not run."""
    outcome = {"name": "one bit", "trials": 1_000, "violations": [], "seconds": 2.0}

    page = run.report({"flips": {"scale": 0.5, "outcomes": [outcome]}})

    assert "| one bit | 1,000 | 0 | 2 | `make torture ONLY=flips SCALE=0.5` |" in page
    for name in run.ordeals(1).keys() - {"flips"}:
        assert f"| {name} | not run | | | `make torture ONLY={name}` |" in page


@pytest.mark.parametrize("test", run.PROVEN.values())
def test_a_promise_has_its_test(test: str) -> None:
    """The page leads to a test that is there."""
    path, name = test.split("::")

    assert f"def {name}(" in (ROOT / path).read_text()
