import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import pytest

from tests.harness.deployment import assert_scored, deliver, wait_for
from tests.harness.flow_home import FlowHome
from tests.harness.sampled import sampled
from tests.harness.server import Server

pytestmark = pytest.mark.xdist_group("server")

APPLY = ("python", "deployments/automations.py")
BLOCK = """
from prefect.blocks.notifications import CustomWebhookNotificationBlock
CustomWebhookNotificationBlock(
    name="operator", url="{url}", json_data={{"subject": "{{{{subject}}}}", "body": "{{{{body}}}}"}}
).save("operator", overwrite=True)
"""
RERUN = """
import sys
from uuid import UUID
from flows.rerun_flow import rerun
print(rerun(UUID(sys.argv[1]), attempts=int(sys.argv[2]), return_state=True).type.value)
"""
CANARY = "kanarienvogel-7"


@pytest.fixture(autouse=True)
def _no_orders_left(deployed: Server) -> Iterator[None]:
    """Leave no run that the worker of another test would pick up."""
    yield
    for run in due(deployed):
        deployed.ask(f"flow_runs/{run['id']}", method="DELETE")


@pytest.fixture(scope="module")
def told(deployed: Server) -> Iterator[list[dict[str, str]]]:
    """Listen as the operator's webhook; return the notifications."""
    messages: list[dict[str, str]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{listener.server_port}/"
        deployed.run("python", "-c", BLOCK.format(url=url))
        deployed.run(*APPLY, CHURN_NOTIFY="custom-webhook/operator")
        yield messages
        deployed.run(*APPLY)
        listener.shutdown()


def automations(server: Server, what: str = "id") -> dict[str, str]:
    """Return our automations: names with ids, or with another value."""
    return {
        each["name"]: each[what]
        for each in server.ask("automations/filter", {})
        if each["name"].startswith("churn: ")
    }


def due(server: Server, flow: str | None = None) -> list[dict[str, Any]]:
    """Return the runs that wait for a worker, of one flow or of all."""
    runs: list[dict[str, Any]] = server.ask(
        "flow_runs/filter",
        {
            "flows": {"name": {"any_": [flow]}} if flow else None,
            "flow_runs": {
                "state": {"type": {"any_": ["SCHEDULED", "PENDING"]}},
                "expected_start_time": {"before_": datetime.now(tz=UTC).isoformat()},
            },
        },
    )
    return runs


def order(server: Server, deployment: str, *states: dict[str, Any]) -> str:
    """Create a run that no worker picks up, and move it through some states; return its id."""
    deployment_id = server.ask(f"deployments/name/{deployment}")["id"]
    parameters = {"flow_run": str(UUID(int=0))} if deployment.startswith("rerun") else {}
    wanted = {"state": {"type": "PENDING"}, "parameters": parameters}
    run = server.ask(f"deployments/{deployment_id}/create_flow_run", wanted)
    for state in states:
        server.ask(f"flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    return str(run["id"])


def crash(server: Server) -> str:
    """Make a night crash."""
    return order(server, "score/nightly", {"type": "RUNNING"}, {"type": "CRASHED", "message": "killed"})


def crash_twice(server: Server) -> str:
    """Make two nights in a row crash and be rerun; return the second.

    Crashes are repeated, twice at most, because a busy SQLite may lose an event (deployments/README.md).
    """
    for _ in range(3):
        asked = len(due(server, "rerun"))
        order(server, "score/nightly", {"type": "COMPLETED"})
        crash(server)
        crashed = crash(server)
        with suppress(AssertionError):
            wait_for(lambda: len(due(server, "rerun")) >= asked + 2, "not asked for", 30)  # noqa: B023
            return crashed
    raise AssertionError("the automation did not ask for both crashes")


def test_applying_twice_leaves_the_same_set(deployed: Server) -> None:
    """Correct automations are left alone; those changed or added under our prefix are restored."""
    before, touched = automations(deployed), automations(deployed, "updated")
    deployed.run(*APPLY)
    again = automations(deployed, "updated")
    first, *_ = before
    deployed.ask(f"automations/{before[first]}", {"enabled": False}, "PATCH")
    never = {"type": "event", "posture": "Reactive", "expect": ["never"], "threshold": 1, "within": 0}
    deployed.ask("automations/", {"name": "churn: stray", "trigger": never, "actions": []})
    deployed.run(*APPLY)

    assert len(before) == 3
    assert again == touched
    assert automations(deployed) == before
    assert all(automations(deployed, "enabled").values())


@pytest.mark.parametrize(
    ("names", "expected"),
    sampled(
        [
            ("webhook", "'webhook' is not a block"),
            ("custom-webhook/nobody", "there is no block 'custom-webhook/nobody'"),
            ("secret/token", "block 'secret/token' cannot notify"),
        ],
        3,
    ),
)
def test_a_wrong_block_is_refused(deployed: Server, names: str, expected: str) -> None:
    """A name in CHURN_NOTIFY that is not a notification block stops the deployment with one line, code 10."""
    make = "from prefect.blocks.system import Secret; Secret(value='s').save('token', overwrite=True)"
    deployed.run("python", "-c", make)
    with pytest.raises(AssertionError, match=expected) as refused:
        deployed.run(*APPLY, CHURN_NOTIFY=names)

    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    ("deployment", "state", "subject"),
    sampled(
        [
            ("score/nightly", {"type": "FAILED"}, "churn: score failed"),
            ("rerun/after-crash", {"type": "FAILED"}, "churn: rerun failed"),
            ("train/weekly", {"type": "COMPLETED", "name": "Refused"}, "churn: The gate refused a candidate"),
            ("score/nightly", {"type": "COMPLETED", "name": "Stale"}, "churn: The newest scores are still"),
            (
                "score/nightly",
                {"type": "COMPLETED", "name": "Drifted"},
                "churn: The customers or their scores",
            ),
            (
                "score/nightly",
                {"type": "COMPLETED", "name": "StaleAndDrifted"},
                "churn: The ",
            ),
            (
                "score/nightly",
                {"type": "SCHEDULED", "name": "Late"},
                "churn: The nightly run has not started",
            ),
        ],
        4,
    ),
)
def test_the_operator_is_told(
    deployed: Server, told: list[dict[str, str]], deployment: str, state: dict[str, str], subject: str
) -> None:
    """The named block is notified of each, by the run's id alone.

    One in three is enough: Prefect drops a message while another program locks its SQLite file.
    """
    runs: list[str] = []

    def heard() -> list[dict[str, str]]:
        return [each for each in told if any(run in each["body"] for run in runs)]

    for _ in range(3):
        runs.append(
            order(deployed, deployment, {"type": "RUNNING"}, state | {"message": f"customer {CANARY}"})
        )
        with suppress(AssertionError):
            wait_for(heard, "nobody was told", 20)
            break

    assert heard()
    assert all(message["subject"].startswith(subject) for message in heard())
    assert CANARY not in json.dumps(told)


@pytest.mark.usefixtures("worker")
def test_a_crashed_night_is_scored_again(deployed: Server, trained_home: FlowHome) -> None:
    """A crash alone makes the night run again, and the extract is published."""
    deliver(trained_home, 5)
    crash(deployed)
    (folder,) = wait_for(trained_home.published, "nothing was published", 120)
    assert_scored(folder)


@pytest.mark.long
def test_a_crashed_sweep_is_ordered_again(deployed: Server) -> None:
    """The server asks for a crashed sweep again, as for a night."""
    order(deployed, "retention/daily", {"type": "RUNNING"}, {"type": "CRASHED", "message": "killed"})

    wait_for(lambda: due(deployed, "rerun"), "nothing was ordered again")


@pytest.mark.long
def test_the_attempts_are_capped(deployed: Server) -> None:
    """A crashed run is rerun once per request; after the last attempt an operator must act."""
    crashed = crash_twice(deployed)
    said = [deployed.run("python", "-c", RERUN, crashed, attempts).split()[-1] for attempts in "332"]
    (again,) = due(deployed, "score")

    assert said == ["COMPLETED", "COMPLETED", "FAILED"]
    assert again["idempotency_key"] == f"again-{crashed}"
