"""Rerun a crashed run, up to a limit: `rerun/after-crash`, started by an automation."""

# isort: split
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from tasks.core.steps import conclude
from tasks.dashboard.runs import on_dashboard
from tasks.rerun import count_crashes, order_again


@flow(name="rerun", persist_result=False)
def rerun(flow_run: UUID, attempts: int = 3) -> State[Any]:
    """Schedule a crashed run again, unless its deployment crashed `attempts` times in a row.

    Args:
        flow_run: Id of the run that crashed.
        attempts: Consecutive crashes after which an operator must act.
    """
    with on_dashboard():
        crashes = count_crashes(flow_run, attempts)
        if not crashes:
            conclude("it did not crash")
            return Completed(message=f"Run {flow_run} did not crash; nothing to do.")
        if crashes >= attempts:
            conclude(f"{crashes} crashes in a row, not rerun")
            return Failed(
                message=f"Run {flow_run} crashed, the last of {crashes} in a row, and is not rerun. Read"
                f" `prefect flow-run logs {flow_run}`, fix the cause, then use `prefect deployment run`."
            )
        ordered = order_again(flow_run)
        conclude(f"attempt {crashes + 1} of {attempts}")
        return Completed(
            message=f"Run {flow_run} crashed; run {ordered} is attempt {crashes + 1} of {attempts}."
        )
