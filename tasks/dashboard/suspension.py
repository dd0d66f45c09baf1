"""Suspend a deployment's run until a person decides; it survives a restart of the server."""

from typing import Literal

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from schemas.campaign_files import MOST_COMMENT, MOST_NAME


class Decide(RunInput):
    """What Prefect asks whoever resumes the run."""

    decision: Literal["approve", "refuse"]
    name: str = Field(min_length=1, max_length=MOST_NAME, description="Who decides: your name.")
    comment: str = Field(default="", max_length=MOST_COMMENT, description="Why; kept with the decision.")


def wait_for_decision(proposal: str, what: str, seconds: int) -> Decide:
    """Suspend the run until somebody decides on a proposal; then the flow's body runs again from its start.

    Prefect fails a run that nobody resumes within these seconds, and none of our code runs then.
    """
    asked = Decide.with_initial_data(description=what)
    answer: Decide = suspend_flow_run(wait_for_input=asked, timeout=seconds, key=f"decide-{proposal}")
    return answer
