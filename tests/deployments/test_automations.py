"""The automations, without a server."""

from uuid import UUID

import pytest
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.automations import wanted
from flows import cli
from tests.harness.deployment import DEPLOYMENTS


@pytest.mark.parametrize(
    "name",
    [
        "silent run is crashed and run again",
        "run that never began is crashed and run again",
        "crashed run is run again",
    ],
)
def test_what_runs_by_schedule_is_run_again(name: str) -> None:
    """Every flow that has a schedule is watched for crashes, and no other."""
    scheduled = {each["entrypoint"].partition(":")[2] for each in DEPLOYMENTS.values() if "schedules" in each}

    (automation,) = (each for each in wanted(UUID(int=0), []) if each.name == f"churn: {name}")

    assert isinstance(automation.trigger, EventTrigger)
    assert set(automation.trigger.match_related["prefect.resource.name"]) == scheduled


@pytest.mark.parametrize("name", ["stale", "drifted"])
def test_of_a_night_that_is_both_both_are_told(name: str) -> None:
    """A night with stale scores and drift triggers both notifications."""
    (automation,) = (
        each for each in wanted(UUID(int=0), [UUID(int=1)]) if each.name == f"churn: tell {name}"
    )

    assert isinstance(automation.trigger, EventTrigger)
    both = {"stale": cli.STALE, "drifted": cli.DRIFTED}[name], cli.STALE_AND_DRIFTED
    assert automation.trigger.expect == {f"prefect.flow-run.{each}" for each in both}


def test_a_night_that_is_both_has_ended() -> None:
    """It counts neither as silent nor as running too long."""
    ended = f"prefect.flow-run.{cli.STALE_AND_DRIFTED}"
    watching = [
        each.trigger
        for each in wanted(UUID(int=0), [UUID(int=1)])
        if isinstance(each.trigger, EventTrigger) and each.trigger.posture is Posture.Proactive
    ]

    assert len(watching) == 3
    assert all(ended in trigger.expect for trigger in watching)


def test_a_silent_run_is_not_run_again_twice() -> None:
    """What marks a silent run as crashed orders the rerun itself: other crashes alone start the third."""
    found = {each.name: each for each in wanted(UUID(int=0), [])}
    marking = found["churn: silent run is crashed and run again"].actions[0].model_dump()
    trigger = found["churn: crashed run is run again"].trigger

    assert isinstance(trigger, EventTrigger)
    assert trigger.match["prefect.state-message"] == [f"!{marking['message']}"]
