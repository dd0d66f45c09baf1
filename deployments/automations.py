"""Apply the automations in automations.yaml to Prefect's server: `python deployments/automations.py`.

Ours are recognised by their name prefix. Running this twice leaves the same set.
"""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from tasks.core.errors import ConfigError, OrchestratorError
from tasks.environment import read_environment

PREFIX: Final = "churn: "
RERUN: Final = "rerun/after-crash"

_FILE: Final = Path(__file__).with_name("automations.yaml")


def wanted(rerun: UUID, blocks: list[UUID]) -> list[AutomationCore]:
    """Read the automations: `rerun` is a deployment's id, `blocks` are the notification blocks' ids."""
    ids = {
        "run-deployment": [{"deployment_id": rerun}],
        "send-notification": [{"block_document_id": block} for block in blocks],
    }
    found = []
    for each in yaml.safe_load(_FILE.read_text("utf-8"))["automations"]:
        actions = [action | filled for action in each["actions"] for filled in ids.get(action["type"], [{}])]
        expect = [*_flat(each["trigger"]["expect"])]
        if actions:
            changed = {
                "name": PREFIX + each["name"],
                "enabled": True,  # Prefect's client sends only what is set
                "trigger": each["trigger"] | {"expect": expect},
                "actions": actions,
            }
            found.append(AutomationCore.model_validate(each | changed))
    return found


def _flat(events: list[str | list[str]]) -> Iterator[str]:
    """Yield the events in a list, flattening the lists that YAML aliases put into it."""
    for each in events:
        yield from [each] if isinstance(each, str) else each


def apply(client: SyncPrefectClient, automations: list[AutomationCore]) -> None:
    """Create what is missing, replace what differs, and delete anything else with our prefix.

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
    names = [name.strip() for name in read_environment().notify.split(",") if name.strip()]
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


if __name__ == "__main__":
    cli.run(main)
