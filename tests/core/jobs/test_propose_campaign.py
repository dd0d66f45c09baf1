"""Acceptance: a proposal waits for a person, and nothing else is kept."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tasks.core.campaigns.page.page import PAGE
from tasks.core.campaigns.proposals import PROPOSAL, close_expired, review_all
from tasks.core.errors import ConfigError
from tasks.core.jobs.propose_campaign import propose
from tests.harness.campaign_home import (
    IDS,
    NOW,
    CampaignHome,
    leaked,
    written_in,
)


def test_a_proposal_writes_nothing_but_the_proposal(house: CampaignHome) -> None:
    """Acceptance: two files, no list, nobody named, before anybody approves; private to their owner."""
    name = house.propose()

    assert {*house.written()} == {f"proposals/{name}/{file}" for file in (PROPOSAL, PAGE)}
    assert house.campaigns() == []
    assert house.left_over() == []
    assert leaked(written_in(house.places.proposals), IDS) == []
    proposal = house.proposal(name)
    assert proposal.plan.funnel.contacts == 60
    assert proposal.expires_at == NOW + timedelta(hours=72)
    assert name.startswith("spring-2026-03-01-")


def test_a_dry_run_keeps_nothing(house: CampaignHome) -> None:
    """Not even a stage."""
    before = {path: path.stat().st_mtime_ns for path in house.home.path.rglob("*") if path.is_file()}
    assert propose(house.desk, house.write(), dry_run=True) is None
    after = {path: path.stat().st_mtime_ns for path in house.home.path.rglob("*") if path.is_file()}
    assert {path for path in after if path.name != ".lock"} == {p for p in before if p.name != ".lock"}
    assert {path: after[path] for path in before if path.name != ".lock"} == {
        path: at for path, at in before.items() if path.name != ".lock"
    }


@pytest.mark.parametrize("look", ["decide", "review"])
def test_a_proposal_expires(house: CampaignHome, look: str) -> None:
    """It closes at the next look, whoever looks; a moment earlier it is open."""
    name = house.propose()
    house.at(NOW + timedelta(hours=72))
    if look == "decide":
        with pytest.raises(ConfigError, match=r"was timed out at 2026-03-06 00:30 \(Europe/Paris\)"):
            house.decide(name)
    else:
        earlier = house.now - timedelta(microseconds=1)
        (still,) = review_all(house.places.proposals, house.places.campaigns, earlier)
        assert still.decision is None
        (closed,) = review_all(house.places.proposals, house.places.campaigns, house.now)
        assert closed.decision is not None
    decision = house.decision(name)
    assert decision is not None
    assert (decision.outcome, decision.by) == ("timed out", None)
    assert house.campaigns() == []


def test_the_same_proposal_twice_is_one(house: CampaignHome) -> None:
    """Byte for byte, an hour later; other inputs are another proposal."""
    name = house.propose()
    before = house.written()
    house.now += timedelta(hours=1)
    assert house.propose() == name
    assert house.written() == before

    house.export([IDS[1]])
    assert house.propose() != name


def test_a_proposal_by_hand_closes_those_that_expired(house: CampaignHome) -> None:
    """As a sweep, the status and a deployment do."""
    name = house.propose()
    house.at(NOW + timedelta(hours=73))
    assert house.decision(name) is None
    house.propose(house.write(id="other"))
    decision = house.decision(name)
    assert decision is not None
    assert decision.outcome == "timed out"


def test_a_stray_file_among_the_proposals_is_named(
    house: CampaignHome, caplog: pytest.LogCaptureFixture
) -> None:
    """In a warning, and the others are reviewed all the same."""
    name = house.propose()
    (house.places.proposals / "Thumbs.db").write_text("x")
    house.at(NOW + timedelta(hours=80))
    close_expired(house.places.proposals, house.places.campaigns, house.now)
    assert "Thumbs.db' is not a proposal as it was made. Move it away" in caplog.text
    assert house.decision(name) is not None


def test_a_second_list_of_a_campaign_is_pointed_out(
    house: CampaignHome, caplog: pytest.LogCaptureFixture
) -> None:
    """Its budget is that of a list, not of the campaign."""
    house.approve(house.propose())
    assert "has a budget" not in caplog.text
    house.propose()
    assert "campaign 'spring' has 1 approved list already" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("surprise: 1\n", "setting 'surprise': there is no such setting"),
        ("keep_days: 364\n", "setting 'keep_days': .*365"),
        ("eligibility: {rest_days: 366}\n", "setting 'eligibility.rest_days': .*365"),
        ("incentive: 1.1e9\n", "setting 'incentive'"),
        ("contact_cost: 1.1e9\n", "setting 'contact_cost'"),
        ("budget: {money: 1.1e9}\n", "setting 'budget.money'"),
        ("validity: {first_day: 2026-03-02, last_day: 2026-03-01}\n", "last_day 2026-03-01 is before"),
        ("validity: {first_day: 2026-03-02, last_day: 9999-12-31}\n", "setting 'validity.last_day'"),
        (
            "value: {margin: 35, months: 12}\n",
            r"setting 'value\.margin': .*less than or equal to 1 \(1 fault",
        ),
        ("value: {file: v.csv, col: x}\n", r"setting 'value\.col': there is no such setting"),
        ("incentif: 3\n", r"setting 'incentif': there is no such setting"),
        ("acceptance: 0\n", "setting 'acceptance'"),
        (
            "validity: {first_day: 2026-03-01, last_day: 2026-31-12}\n",
            "'validity.last_day': expected a day",
        ),
        ("validity: {first_day: 2026-02-30, last_day: 2026-12-31}\n", "'validity.first_day': expected a day"),
        ("value: 12\n", "setting 'value': expected a group of settings"),
        ("id: Spring\n", "setting 'id': expected up to 40 lower-case letters, digits and single hyphens"),
        ("id: a\nid: b\n", "Set it once"),
        ("offer: [\n", "not readable as YAML"),
        (None, "No such file"),
    ],
)
def test_a_wrong_campaign_file(house: CampaignHome, text: str | None, said: str) -> None:
    """One line to the operator with the setting, and nothing is kept."""
    path = house.folder / "wrong.yaml"
    if text is not None:
        named = text.partition(":")[0]
        settings = house.campaign().model_dump(mode="json")
        kept = "".join(f"{name}: {value!r}\n" for name, value in settings.items() if name != named)
        path.write_text(kept.replace("None", "null").replace("True", "true").replace("False", "false") + text)

    with pytest.raises(ConfigError, match=said) as raised:
        house.propose(path)
    assert raised.value.exit_code == 10
    assert "\n" not in str(raised.value)
    assert house.written() == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"validity": {"first_day": "2026-01-01", "last_day": "2027-01-02"}}, "is valid for 367 days"),
        ({"eligibility": {"minimum_probability": 1.0}}, "nobody would be contacted"),
    ],
)
def test_a_slip_is_pointed_out(
    house: CampaignHome, changes: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A campaign without an end, or without anybody, is proposed with a warning."""
    house.propose(house.write(**changes))
    assert said in caplog.text


def test_files_are_private(house: CampaignHome) -> None:
    """Acceptance: 0600 and 0700, of the proposal and of the campaign."""
    name = house.propose()
    house.approve(name)
    house.decide(house.propose(house.write(id="other")), "refused")
    for place in (house.places.proposals, house.places.campaigns):
        for path in (place, *place.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_what_a_run_proposed_is_not_proposed_again(house: CampaignHome) -> None:
    """A suspended run starts from its beginning when it is resumed; the lists may have changed by then."""
    run = uuid4()
    name = house.propose(run_id=run)
    house.export([IDS[1]])
    assert house.propose(run_id=run) == name
    assert house.propose() != name
    assert house.propose(run_id=uuid4()) != name
