"""Apply the automations in this file to Prefect's server: `python deployments/automations.py`.

Ours are recognised by the prefix of their names. Running this twice gives the same set.
"""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
import os
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from tasks.core.errors import ConfigError, OrchestratorError

PREFIX: Final = "churn: "
RERUN: Final = "rerun/crashed"

_RUN: Final = "prefect.flow-run."
_ENDS: Final = {
    f"{_RUN}{state}"
    for state in (
        *("Completed", cli.REFUSED, cli.STALE, cli.DRIFTED, cli.STALE_AND_DRIFTED),
        *("Failed", "Crashed", "Cancelled"),
    )
}
_ORDERED: Final = ["train", "score", "retention"]
_SILENT: Final = "This run stopped reporting."
_BODY: Final = (
    "What to do: docs/operations.md. The run's log: prefect flow-run logs"
    " {{ event.resource.id | replace('prefect.flow-run.', '') }}"
)
"""Identifies a run by its id alone, because a state's message may contain values of customers."""


def wanted(rerun: UUID, blocks: list[UUID]) -> list[AutomationCore]:
    """List the automations: `rerun` is a deployment's id, `blocks` are the notification blocks' ids."""
    crash = ChangeFlowRunState(state=StateType.CRASHED, message=_SILENT)
    again = RunDeployment(deployment_id=rerun, parameters={"flow_run": _jinja("{{ flow_run.id }}")})
    heard = _absent(
        after={f"{_RUN}heartbeat"}, expect={f"{_RUN}heartbeat", *_ENDS}, seconds=90, flows=_ORDERED
    )
    begun = _absent(
        after={f"{_RUN}Pending"},
        expect={f"{_RUN}Running", f"{_RUN}AwaitingConcurrencySlot", *_ENDS},
        seconds=300,
        flows=_ORDERED,
    )
    finished = _absent(after={f"{_RUN}Running"}, expect=_ENDS, seconds=7_200, flows=["score"])
    crashed = _present("Crashed", flows=_ORDERED, labels={"prefect.state-message": f"!{_SILENT}"})
    told = {
        "failed": (_present("Failed", flows=["*"]), "{{ flow.name }} failed"),
        "refused": (
            _present(cli.REFUSED, flows=["train"]),
            "The gate refused a candidate; the champion is untouched",
        ),
        "stale": (
            _present(cli.STALE, cli.STALE_AND_DRIFTED, flows=["score"]),
            "The newest scores are still stale after the night: no newer extract arrived",
        ),
        "drifted": (
            _present(cli.DRIFTED, cli.STALE_AND_DRIFTED, flows=["score"]),
            "The customers or their scores drifted: check the extract and the champion",
        ),
        "late": (_present("Late", flows=["score"]), "The night has not started: no worker has picked it up"),
        "long": (finished, "The night has been running for two hours"),
    }
    return [
        # Both actions: after a restart the server may delay its own crash event by a quarter of an hour.
        _automation("silent run is crashed and run again", heard, [crash, again]),
        _automation("run that never began is crashed and run again", begun, [crash, again]),
        _automation("crashed run is run again", crashed, [again]),
        *(
            _automation(f"tell {name}", trigger, [_notification(block, subject) for block in blocks])
            for name, (trigger, subject) in told.items()
            if blocks
        ),
    ]


def apply(client: SyncPrefectClient, automations: list[AutomationCore]) -> None:
    """Create what is missing, replace what differs, delete what else has our prefix.

    Automations that are up to date are left alone: replacing one makes Prefect forget the runs it watches.
    """
    missing = {automation.name: automation for automation in automations}
    for found in client.read_automations():
        if not found.name.startswith(PREFIX):
            continue
        automation = missing.pop(found.name, None)
        if automation is None:
            client.delete_automation(found.id)
        elif found.model_dump(include=set(AutomationCore.model_fields)) != automation.model_dump():
            client.update_automation(found.id, automation)
    for automation in missing.values():
        client.create_automation(automation)


def main() -> None:
    """Look up the deployment and the blocks named in CHURN_NOTIFY, and apply the automations."""
    names = [name.strip() for name in os.environ.get("CHURN_NOTIFY", "").split(",") if name.strip()]
    try:
        with get_client(sync_client=True) as client:
            automations = wanted(_rerun(client), [_block(client, name) for name in names])
            apply(client, automations)
    except httpx.HTTPError as error:
        raise _unusable(error) from None
    print(f"{len(automations)} automations; notified of problems: {', '.join(names) or 'nobody'}")


def _unusable(error: httpx.HTTPError) -> OrchestratorError:
    """Explain why the server cannot be used, without its address, which may contain a password."""
    if isinstance(error, httpx.HTTPStatusError):
        code = error.response.status_code
        if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return OrchestratorError(
                "Prefect's server refuses the password in PREFECT_API_AUTH_STRING. Source deployments/env.sh"
                " again, with the CHURN_HOME the server was started with."
            )
        return OrchestratorError(
            f"Prefect's server answered with status {code}. Read its log, then try again."
        )
    return OrchestratorError(
        f"Prefect's server does not answer at PREFECT_API_URL ({type(error).__name__})."
        " Start it, then try again."
    )


def _rerun(client: SyncPrefectClient) -> UUID:
    try:
        return client.read_deployment_by_name(RERUN).id
    except ObjectNotFound:
        raise ConfigError(f"there is no deployment '{RERUN}'. Run deployments/deploy.sh.") from None


def _block(client: SyncPrefectClient, name: str) -> UUID:
    kind, separator, block = name.partition("/")
    if not separator:
        raise ConfigError(
            f"CHURN_NOTIFY: '{name}' is not a block; expected type/name, such as custom-webhook/churn."
        )
    try:
        document = client.read_block_document_by_name(block, kind, include_secrets=False)
    except ObjectNotFound:
        raise ConfigError(
            f"CHURN_NOTIFY: there is no block '{name}'. Create it in the dashboard; see `prefect block ls`."
        ) from None
    if document.block_schema is None or "notify" not in document.block_schema.capabilities:
        raise ConfigError(f"CHURN_NOTIFY: block '{name}' cannot notify. Use a notification block.")
    return document.id


def _automation(name: str, trigger: EventTrigger, actions: list[ActionTypes]) -> AutomationCore:
    return AutomationCore(name=PREFIX + name, enabled=True, trigger=trigger, actions=actions)


def _present(*states: str, flows: list[str], labels: dict[str, str] | None = None) -> EventTrigger:
    expect = {f"{_RUN}{state}" for state in states}
    return _trigger(posture=Posture.Reactive, expect=expect, flows=flows, labels=labels)


def _absent(*, after: set[str], expect: set[str], seconds: int, flows: list[str]) -> EventTrigger:
    return _trigger(
        posture=Posture.Proactive,
        after=after,
        expect=expect,
        within=timedelta(seconds=seconds),
        flows=flows,
    )


def _trigger(*, flows: list[str], labels: dict[str, str] | None = None, **when: Any) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": f"{_RUN}*", **(labels or {})},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": flows},
        for_each={"prefect.resource.id"},
        threshold=1,
        **when,
    )


def _notification(block: UUID, subject: str) -> SendNotification:
    return SendNotification(block_document_id=block, subject=f"churn: {subject}", body=_BODY)


def _jinja(template: str) -> dict[str, str]:
    return {"__prefect_kind": "jinja", "template": template}


if __name__ == "__main__":
    cli.run(main)
