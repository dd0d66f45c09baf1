"""Acceptance: campaigns as a deployment of a real server, which suspends each run until a person decides."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from schemas.campaign_files import CampaignManifest, Decision, Proposal
from schemas.closed import to_json
from tests.harness.campaign_home import leaked
from tests.harness.customers import make_customers
from tests.harness.deployment import DEPLOY, WORKER, wait_for, wait_for_worker
from tests.harness.flow_home import FlowHome
from tests.harness.server import ROOT, SERVER, Server, settings, started, wait_until_healthy

SECONDS = 180


class Office:
    """A server that can be restarted, a worker, and a home with scores, contact lists and a campaign."""

    def __init__(self, home: FlowHome, folder: Path, stack: ExitStack) -> None:
        """Start the server, deploy, and start the worker."""
        self.home, self._folder, self._stack = home, folder, stack
        self.server = Server(settings(home.path), folder)
        self._start_server()
        self.server.run(*DEPLOY.split(), CHURN_HOME=str(home.path))
        now = datetime.now(tz=UTC)
        stack.enter_context(
            started(*WORKER.split(), env=self.server.env, cwd=home.path, log=folder / "worker.log")
        )
        wait_for_worker(self.server, now)

    def _start_server(self) -> None:
        self._running = self._stack.enter_context(
            started(*SERVER.split(), env=self.server.env, cwd=ROOT, log=self._folder / "server.log")
        )
        wait_until_healthy(self.server, self._running)

    def restart_server(self) -> None:
        """Stop the server as a reboot does, and start it again."""
        self._running.stop()
        self._start_server()

    def order(self, **parameters: object) -> str:
        """Order a run of campaign/propose; return its id."""
        deployment = self.server.ask("deployments/name/campaign/propose")["id"]
        run = self.server.ask(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def state(self, run: str) -> str:
        """Return the name of a run's state."""
        return str(self.server.ask(f"flow_runs/{run}")["state_name"])

    def wait_for(self, run: str, *names: str) -> None:
        """Wait until a run is in one of these states."""
        wait_for(lambda: self.state(run) in names, f"run {run} is not {names}", SECONDS)

    def resume(self, run: str, **answer: str) -> dict[str, Any]:
        """Answer what a suspended run asks."""
        told: dict[str, Any] = self.server.ask(f"flow_runs/{run}/resume", {"run_input": answer})
        return told

    def proposals(self) -> list[Path]:
        """List the proposals."""
        return sorted((self.home.path / "proposals").glob("[!.]*"))

    def campaigns(self) -> list[Path]:
        """List the approved campaigns."""
        return sorted((self.home.path / "campaigns").glob("[!.]*"))


@pytest.fixture
def office(trained_home: FlowHome, tmp_path: Path) -> Iterator[Office]:
    """Open the office."""
    with ExitStack() as stack:
        yield Office(trained_home, tmp_path, stack)


CUSTOMERS = make_customers(400, seed=8).drop(columns="Churn")
OBJECTED = str(CUSTOMERS["customerID"].iloc[0])


def prepare(folder: Path, **changes: object) -> dict[str, Any]:
    """Write an extract, contact lists and a campaign; return the parameters of a proposal."""
    customers, ids = CUSTOMERS, CUSTOMERS["customerID"].tolist()
    customers.to_csv(folder / "crm_2026-03-01.csv", index=False)
    (folder / "objections.csv").write_text("customerID,objected_on,scope\n" + f"{OBJECTED},2026-01-01,all\n")
    rows = "".join(f"{each},phone,contract,2025-01-01\n" for each in ids)
    (folder / "basis.csv").write_text("customerID,channel,basis,since\n" + rows)
    campaign = yaml.safe_load((ROOT / "deployments" / "campaign.yaml").read_text())
    campaign |= {
        "eligibility": {"risk_bands": ["high", "medium", "low"]},
        "budget": {"contacts": 20},
    } | changes
    (folder / "campaign.yaml").write_text(json.dumps(campaign, default=str))
    lists = {name: str(folder / f"{name}.csv") for name in ("objections", "basis")}
    return {
        "campaigns": [str(folder / "campaign.yaml")],
        "extract": str(folder / "crm_2026-03-01.csv"),
        "config": {"contacts": lists},
    }


def score(server: Server, home: FlowHome, parameters: dict[str, Any]) -> None:
    """Score the extract by hand, with the contact lists."""
    lists = parameters["config"]["contacts"]
    sets = [f"--set=contacts.{name}={path}" for name, path in lists.items()]
    done = server.flow("score", "--extract", parameters["extract"], "--force", *sets, home=home.path)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_campaign_waits_for_a_person_through_a_restart(office: Office, tmp_path: Path) -> None:
    """An event proposes; nothing is in campaigns/ before approval; a refusal leaves a record."""
    parameters = prepare(tmp_path)
    deployment = office.server.ask("deployments/name/campaign/propose")
    office.server.ask(f"deployments/{deployment['id']}", {"parameters": parameters}, "PATCH")
    score(office.server, office.home, parameters)
    runs = wait_for(
        lambda: office.server.ask("flow_runs/filter", {"deployments": {"id": {"any_": [deployment["id"]]}}}),
        "the event proposed nothing",
        SECONDS,
    )
    run = runs[0]["id"]
    office.wait_for(run, "Suspended")
    assert len(office.proposals()) == 1
    assert office.campaigns() == []

    office.restart_server()
    assert office.state(run) == "Suspended"
    office.resume(run, decision="approve", name="Claire Martin", comment="go")
    office.wait_for(run, "Completed")
    (campaign,) = office.campaigns()
    manifest = CampaignManifest.model_validate_json((campaign / "manifest.json").read_bytes())
    assert (manifest.decision.by, manifest.decision.comment) == ("Claire Martin", "go")
    assert manifest.plan.funnel.contacts == 20

    run = office.order()
    office.wait_for(run, "Suspended")
    office.resume(run, decision="refuse", name="Jean Petit")
    office.wait_for(run, "Completed")
    (refused,) = [path for path in office.proposals() if path.name != manifest.proposal]
    assert Decision.model_validate_json((refused / "decision.json").read_bytes()).outcome == "refused"
    assert office.campaigns() == [campaign]

    (tmp_path / "soon").mkdir()
    hasty = prepare(tmp_path / "soon", decide_within_hours=1)
    run = office.order(**hasty | {"extract": parameters["extract"]})
    office.wait_for(run, "Suspended")
    (waiting,) = [each for each in office.proposals() if not (each / "decision.json").exists()]
    proposal = Proposal.model_validate_json((waiting / "proposal.json").read_bytes())
    past = proposal.model_copy(update={"expires_at": proposal.proposed_at})
    (waiting / "proposal.json").write_bytes(to_json(past))  # an hour later
    status = office.server.status(office.home.path)
    assert waiting.name not in status
    assert Decision.model_validate_json((waiting / "decision.json").read_bytes()).outcome == "timed out"
    office.resume(run, decision="approve", name="Too Late")
    office.wait_for(run, "Completed")
    assert office.campaigns() == [campaign]


@pytest.mark.xdist_group("server")
@pytest.mark.usefixtures("worker")
def test_a_deployment_asks_a_person(deployed: Server, trained_home: FlowHome, tmp_path: Path) -> None:
    """The sample of the long test: the run is suspended, nothing is a campaign, and the answer decides."""
    parameters = prepare(tmp_path)
    score(deployed, trained_home, parameters)
    deployment = deployed.ask("deployments/name/campaign/propose")["id"]
    run = deployed.ask(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"]

    def state() -> str:
        return str(deployed.ask(f"flow_runs/{run}")["state_name"])

    wait_for(lambda: state() == "Suspended", "the run is not suspended", SECONDS)
    assert not (trained_home.path / "campaigns").exists()
    answer = {"decision": "approve", "name": "Claire Martin"}
    deployed.ask(f"flow_runs/{run}/resume", {"run_input": answer})
    wait_for(lambda: state() == "Completed", "the run did not complete", SECONDS)

    (campaign,) = (trained_home.path / "campaigns").glob("[!.]*")
    manifest = CampaignManifest.model_validate_json((campaign / "manifest.json").read_bytes())
    assert manifest.decision.by == "Claire Martin"
    customers = pd.read_csv(campaign / "campaign.csv")["customerID"]
    assert len(customers) == manifest.plan.funnel.contacts == 20
    log = "\n".join(each["message"] for each in deployed.ask("logs/filter", {"limit": 200}))
    database = b"".join(path.read_bytes() for path in deployed.prefect_home.glob("prefect.db*"))
    assert leaked(log.encode() + database, [OBJECTED, *customers]) == []
