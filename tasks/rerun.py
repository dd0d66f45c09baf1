"""Ask Prefect how a deployment's runs ended, and schedule a crashed one again."""

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES
from prefect.client.schemas.sorting import FlowRunSort

from tasks.core.errors import ConfigError
from tasks.core.operations.crash_streak import crashes_in_a_row
from tasks.core.steps import log, step
from tasks.dashboard.runs import RERUN


@step("count-crashes")
def count_crashes(flow_run: UUID, limit: int) -> int:
    """Count a deployment's latest consecutive crashes, up to `limit`.

    Raises:
        ConfigError: the run belongs to no deployment, so it cannot be scheduled again.
    """
    with get_client(sync_client=True) as client:
        deployment = client.read_flow_run(flow_run).deployment_id
        if deployment is None:
            raise ConfigError(f"run {flow_run} was started by hand. Start it again by hand.")
        ended = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(TERMINAL_STATES)))
            ),
            sort=FlowRunSort.END_TIME_DESC,
            limit=limit,
        )
    return crashes_in_a_row(run.state_type.value for run in ended if run.state_type is not None)


@step("order-again")
def order_again(flow_run: UUID) -> UUID:
    """Schedule a run once more with its own parameters; calling this twice schedules only one."""
    with get_client(sync_client=True) as client:
        crashed = client.read_flow_run(flow_run)
        assert crashed.deployment_id is not None  # count_crashes refuses it
        ordered = client.create_flow_run_from_deployment(
            crashed.deployment_id,
            parameters=crashed.parameters,
            idempotency_key=f"again-{flow_run}",
            tags=[RERUN],
        )
    log.info("run %s crashed; scheduled run %s", flow_run, ordered.id)
    return ordered.id
