from datetime import date

import pytest
from prefect import Flow

from flows import score_flow
from tasks.dashboard.flows import Ended, flow


def body(number: int, day: date | None = None) -> Ended:
    """Count.

    Args:
        number: How far.
        day: When.
    """
    return Ended(message=f"{number} {day}", name="Stale")


def test_prefect_gets_a_flow_of_its_own() -> None:
    """It validates the body's parameters, and ends as the body says, in a completed state."""
    declared = flow(name="count")(body)
    assert isinstance(declared, Flow)
    state = declared.fn(3)
    given = declared.validate_parameters({"number": "3", "day": "2026-03-01"})

    assert (declared.name, declared.persist_result) == ("count", False)
    assert (state.type, state.name, state.message) == ("COMPLETED", "Stale", "3 None")
    assert {*declared.parameters.properties} == {"number", "day"}
    assert given == {"number": 3, "day": date(2026, 3, 1)}


def test_a_file_that_is_run_gets_only_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Prefect around it."""
    monkeypatch.setattr(body, "__module__", "__main__")

    declared = flow(name="count")(body)

    assert (declared.name, declared.fn) == ("count", body)


def test_a_flow_has_the_version_of_its_file() -> None:
    """Prefect shows another one when the flow's own file changes."""
    before = flow(name="count")(body).version

    assert isinstance(score_flow.score, Flow)
    assert score_flow.score.version not in {None, before}
