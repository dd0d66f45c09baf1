"""What the automations watch, without a server."""

from uuid import UUID

import pytest
from prefect.events.schemas.automations import EventTrigger

from deployments.automations import wanted
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
