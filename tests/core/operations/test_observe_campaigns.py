from datetime import timedelta
from pathlib import Path

import pytest

from schemas.campaign_files import Decision, Proposal
from schemas.closed import to_json
from schemas.config import Locations
from schemas.manifest import MANIFEST
from schemas.operations import AlarmPolicy
from tasks.core.campaigns.proposals import DECISION, PROPOSAL, close_expired
from tasks.core.operations.status import collect_status
from tasks.core.storage.atomic import make_folder
from tests.harness.campaigns import PROPOSED_AT, make_manifest, make_proposal

POLICY = AlarmPolicy()


@pytest.fixture
def home(tmp_path: Path) -> Locations:
    """Provide the locations of an empty home."""
    return Locations(home=tmp_path)


def keep(home: Locations, **changes: object) -> Path:
    """Keep a proposal; return its folder."""
    proposal = make_proposal().model_copy(update=changes)
    folder = make_folder(home.proposals / proposal.name)
    (folder / PROPOSAL).write_bytes(to_json(proposal))
    return folder


def publish(home: Locations, proposal: Proposal) -> Path:
    """Publish the campaign of a proposal."""
    folder = make_folder(home.campaigns / proposal.name)
    (folder / MANIFEST).write_bytes(to_json(make_manifest(proposal)))
    return folder


@pytest.mark.parametrize(("hours", "alarms"), [(23, []), (25, ["proposal_waits"])])
def test_an_open_proposal_is_shown_and_alarms_when_it_has_waited(
    home: Locations, hours: int, alarms: list[str]
) -> None:
    """With its name, its contacts and the hour until which somebody may decide."""
    folder = keep(home)
    status = collect_status(home, POLICY, PROPOSED_AT + timedelta(hours=hours))

    (proposal,) = status.proposals
    assert proposal.name == folder.name
    assert proposal.expires_at - proposal.proposed_at == timedelta(hours=72)
    assert [each.code for each in status.alarms if each.code == "proposal_waits"] == alarms
    assert not (folder / DECISION).exists()


def test_a_proposal_past_its_expiry_is_not_open_and_is_closed(home: Locations) -> None:
    """Whatever looks at it next records the time-out, once."""
    folder, later = keep(home), PROPOSED_AT + timedelta(hours=73)
    assert collect_status(home, POLICY, later).proposals == ()

    for _ in range(2):
        close_expired(home.proposals, home.campaigns, later)
        decision = Decision.model_validate_json((folder / DECISION).read_bytes())
        assert (decision.outcome, decision.by) == ("timed out", None)
        assert decision.at == PROPOSED_AT + timedelta(hours=72)


def test_an_approved_campaign_is_shown_until_it_is_over(home: Locations) -> None:
    """Its proposal is no longer open, even if the approval could not be recorded beside it."""
    folder = keep(home)
    proposal = Proposal.model_validate_json((folder / PROPOSAL).read_bytes())
    publish(home, proposal)
    status = collect_status(home, POLICY, PROPOSED_AT)

    assert status.proposals == ()
    (campaign,) = status.campaigns
    assert (campaign.name, campaign.last_day) == (proposal.name, proposal.campaign.validity.last_day)
    over = PROPOSED_AT + (proposal.campaign.validity.last_day - PROPOSED_AT.date()) + timedelta(days=1)
    assert collect_status(home, POLICY, over).campaigns == ()
    close_expired(home.proposals, home.campaigns, PROPOSED_AT)
    assert Decision.model_validate_json((folder / DECISION).read_bytes()).outcome == "approved"


@pytest.mark.parametrize("kind", ["proposals", "campaigns"])
def test_what_cannot_be_understood_is_an_alarm(home: Locations, kind: str) -> None:
    """It names the folder and what to do."""
    make_folder(home.home / kind / "broken")
    (alarm,) = [
        each for each in collect_status(home, POLICY, PROPOSED_AT).alarms if each.code == "home_unreadable"
    ]
    assert f"{kind}/broken' is not a" in alarm.message
