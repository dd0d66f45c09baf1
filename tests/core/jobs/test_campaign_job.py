"""Acceptance: from the proposal to the list, and everything that must stop it on the way."""

import csv
import logging
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from schemas.columns import PROTECTED
from schemas.contacts import CHANNELS
from schemas.manifest import MANIFEST
from tasks.core.campaigns.lists.call_list import LISTS
from tasks.core.campaigns.page.page import PAGE
from tasks.core.campaigns.proposals import DECISION, PROPOSAL, close_expired, review_all
from tasks.core.errors import ChurnError, ConfigError, ContactsError
from tasks.core.jobs import campaign_inputs, campaign_job
from tasks.core.jobs.campaign_job import propose
from tasks.core.jobs.move_champion import move_champion
from tasks.core.storage.locks import is_locked
from tasks.core.storage.secret import Secret
from tests.harness.bundles import seal_another
from tests.harness.campaign_home import (
    BASES,
    CUSTOMERS,
    IDS,
    NOW,
    OBJECTED,
    PARIS,
    CampaignHome,
    groups_in,
    leaked,
    manifest_of,
    rows_of,
    written_in,
)
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.home import Home
from tests.harness.scored import charges_of, files_below
from tests.oracles.campaign import same_customer, select


def written(house: CampaignHome) -> dict[str, bytes]:
    """Return what campaigns wrote."""
    return files_below(house.home, "proposals", "campaigns")


def test_a_proposal_writes_nothing_but_the_proposal(house: CampaignHome) -> None:
    """Acceptance: two files, no list, nobody named, before anybody approves; private to their owner."""
    name = house.propose()

    assert {*written(house)} == {f"proposals/{name}/{file}" for file in (PROPOSAL, PAGE)}
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


def test_an_approval_makes_the_list_again(house: CampaignHome) -> None:
    """Acceptance: who objected meanwhile, or whose basis was withdrawn, is not on it; all else as before."""
    name = house.propose()
    aside = CampaignHome(house.home.copy_to(house.folder / "aside"), house.folder / "lists-aside")
    first = aside.approve(name)
    objected, withdrawn = rows_of(first)["customerID"].iloc[[0, 7]]
    control = next(each for each, group in groups_in(first).items() if group == "control")
    house.export([objected, control], without=[withdrawn])

    folder = house.approve(name)

    listed = rows_of(folder)["customerID"].tolist()
    (scores,) = house.home.published()
    expected = select(
        scores / "scores.csv",
        charges_of(CUSTOMERS),
        house.campaign().model_dump(mode="json"),
        secret=str(house.secret.given),
        objected=[*OBJECTED, objected, control],
        bases={of: basis for of, basis in BASES.items() if of[0] != withdrawn},
    )
    assert listed == expected.contacts
    assert len(listed) == 60
    assert not {objected, withdrawn} & {*listed}
    groups = groups_in(folder)
    assert not {*map(same_customer, (objected, withdrawn, control))} & {*groups}
    assert groups == dict.fromkeys(map(same_customer, expected.contacts), "contact") | dict.fromkeys(
        map(same_customer, expected.controls), "control"
    )
    manifest = manifest_of(folder)
    assert manifest.plan.funnel.not_eligible["objected"] == 2
    assert manifest.contacts.objections == len(OBJECTED) + 2
    assert manifest.contacts != house.proposal(name).contacts


def test_the_manifest_says_who_decided_and_when(house: CampaignHome) -> None:
    """In UTC; the seal covers every other file, and the proposal has the same decision."""
    name = house.propose()
    house.now += timedelta(hours=5)
    folder = house.approve(name)

    manifest = manifest_of(folder)
    assert (manifest.decision.by, manifest.decision.comment) == ("Claire Martin", "fine")
    assert manifest.decision.at.isoformat() == "2026-03-03T04:30:00+00:00"
    assert manifest.proposal == name
    assert {*manifest.files} | {MANIFEST} == {path.name for path in folder.iterdir()}
    assert {"campaign.csv", "measurement.csv", "liste_appels.xlsx", "liste_appels.csv", PAGE} == {
        *manifest.files
    }
    assert house.decision(name) == manifest.decision
    assert f"{manifest.expires_on}" == "2027-12-31"


def test_a_refusal_leaves_a_record_and_no_list(house: CampaignHome) -> None:
    """And nobody named."""
    name = house.propose()
    assert house.decide(name, "refused") is None

    decision = house.decision(name)
    assert decision is not None
    assert (decision.outcome, decision.by) == ("refused", "Claire Martin")
    assert {*written(house)} == {f"proposals/{name}/{file}" for file in (PROPOSAL, PAGE, DECISION)}
    assert leaked(written_in(house.places.proposals), IDS) == []


@pytest.mark.parametrize(
    ("first", "second", "action"),
    [("approved", "refused", "Its list is in"), ("refused", "approved", "Propose the campaign again")],
)
def test_a_second_decision_is_refused(house: CampaignHome, first: Any, second: Any, action: str) -> None:
    """It says who decided, and changes nothing."""
    name = house.propose()
    house.decide(name, first)
    before = written(house)

    with pytest.raises(
        ConfigError, match=rf"was {first} by Claire Martin at 2026-03-03 00:30 \(Europe/Paris\)\. {action}"
    ):
        house.decide(name, second, by="Someone else")
    assert written(house) == before


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


def test_a_decision_in_the_last_moment_counts(house: CampaignHome) -> None:
    """A microsecond before it expires."""
    name = house.propose()
    house.at(NOW + timedelta(hours=72) - timedelta(microseconds=1))
    assert house.approve(name).is_dir()


def test_the_same_proposal_twice_is_one(house: CampaignHome) -> None:
    """Byte for byte, an hour later; other inputs are another proposal."""
    name = house.propose()
    before = written(house)
    house.now += timedelta(hours=1)
    assert house.propose() == name
    assert written(house) == before

    house.export([IDS[1]])
    assert house.propose() != name


def test_the_same_inputs_give_the_same_bytes(house: CampaignHome) -> None:
    """Acceptance: of all lists and groups, in two homes, an hour later and with other threads."""
    other = CampaignHome(house.home.copy_to(house.folder / "other"), house.folder / "lists", threads=5)
    other.now += timedelta(hours=1)
    one, two = (each.approve(each.propose()) for each in (house, other))

    assert one.name == two.name
    for file in ("measurement.csv", *LISTS):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_chosen_customers_rest(house: CampaignHome) -> None:
    """Acceptance: contacts and controls are left alone for rest_days and not a day longer."""
    first = house.approve(house.propose())
    chosen = groups_in(first)

    for day in (timedelta(), timedelta(days=29)):
        house.at(NOW + day)
        name = house.propose()
        rests = house.proposal(name).plan.funnel.not_eligible["rests"]
        assert rests == len(chosen) > 60
        aside = CampaignHome(house.home.copy_to(house.folder / f"{day.days}"), house.folder, now=house.now)
        second = groups_in(aside.approve(name))
        assert len(second) > 60
        assert not {*second} & {*chosen}
        shutil.rmtree(house.places.proposals / name)

    house.at(NOW + timedelta(days=30))
    folder = house.approve(house.propose())
    assert manifest_of(folder).plan.funnel.not_eligible["rests"] == 0
    assert groups_in(folder) == chosen


def test_rest_counts_days_of_the_time_zone(house: CampaignHome) -> None:
    """A list approved at half past eleven at night rests from that day, not from the next one in UTC."""
    house.at(datetime(2026, 3, 2, 0, 10, tzinfo=PARIS))  # 2026-03-01 23:10 UTC
    house.approve(house.propose())
    house.at(datetime(2026, 3, 31, 23, 50, tzinfo=PARIS))
    assert house.proposal(house.propose()).plan.funnel.not_eligible["rests"] > 0
    house.at(datetime(2026, 4, 1, 0, 5, tzinfo=PARIS))
    assert house.proposal(house.propose()).plan.funnel.not_eligible["rests"] == 0


def test_rest_begins_with_the_validity(house: CampaignHome) -> None:
    """A list that was approved a month before its first day rests from that day."""
    later = house.write(validity={"first_day": "2026-04-10", "last_day": "2026-12-31"})
    chosen = groups_in(house.approve(house.propose(later)))
    for day, rest in ((NOW, len(chosen)), (datetime(2026, 5, 9, tzinfo=PARIS), len(chosen))):
        house.at(day)
        assert house.proposal(house.propose()).plan.funnel.not_eligible["rests"] == rest > 60
    house.at(datetime(2026, 5, 10, tzinfo=PARIS))
    assert house.proposal(house.propose()).plan.funnel.not_eligible["rests"] == 0


def test_another_list_than_the_proposed_one_is_not_published(house: CampaignHome) -> None:
    """Two open proposals of the same customers: once one is approved, the other would be of others."""
    one, two = house.propose(), house.propose(house.write(id="other"))
    folder = house.approve(one)
    first = groups_in(folder)
    with pytest.raises(ConfigError, match=f"'{folder.name}' was approved since the proposal"):
        house.approve(two)
    assert house.decision(two) is None
    assert house.campaigns() == [folder]

    house.decide(two, "refused")
    second = groups_in(house.approve(house.propose(house.write(id="other"))))
    assert len(second) > 60
    assert not {*first} & {*second}


def test_a_rest_that_ends_before_the_decision_still_counts(house: CampaignHome) -> None:
    """Whoever rested on the day of the proposal is not on the list that was looked at, nor on the next."""
    first = groups_in(house.approve(house.propose()))
    house.at(NOW + timedelta(days=29, hours=20))
    name = house.propose()
    house.at(NOW + timedelta(days=31))
    assert not {*groups_in(house.approve(name))} & {*first}


def test_a_list_is_not_named_as_a_proposal_that_was_refused(house: CampaignHome) -> None:
    """The same inputs again are another proposal, and its list is named as it is."""
    refused = house.propose()
    house.decide(refused, "refused")
    name = house.propose()
    assert name != refused
    folder = house.approve(name)
    assert folder.name == manifest_of(folder).proposal == name


def test_a_proposal_by_hand_closes_those_that_expired(house: CampaignHome) -> None:
    """As a sweep, the status and a deployment do."""
    name = house.propose()
    house.at(NOW + timedelta(hours=73))
    assert house.decision(name) is None
    house.propose(house.write(id="other"))
    decision = house.decision(name)
    assert decision is not None
    assert decision.outcome == "timed out"


@pytest.mark.parametrize("then", ["refused", "swept"])
def test_nothing_of_a_killed_approval_stays(house: CampaignHome, then: str) -> None:
    """Its half-made list is deleted by whatever looks at the proposal next, and not only by another list."""
    name = house.propose()
    half = house.places.campaigns / ".stage-x-2026-03-01-0000000000000000-1"
    half.mkdir(parents=True)
    (half / "campaign.csv").write_text(IDS[3])
    if then == "refused":
        house.decide(name, "refused")
    else:
        close_expired(house.places.proposals, house.places.campaigns, house.now)
    assert leaked(written_in(house.places.campaigns), IDS) == []


def test_a_stray_file_among_the_proposals_is_named(house: CampaignHome) -> None:
    """In one line, as one among the campaigns is."""
    name = house.propose()
    (house.places.proposals / "Thumbs.db").write_text("x")
    with pytest.raises(ConfigError, match=r"Thumbs\.db' is not a proposal"):
        house.propose()
    assert house.decide(name, "refused") is None


def test_values_are_read_and_hashed_at_once(house: CampaignHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is replaced while the list is made does not become part of it."""
    path = house.folder / "values.csv"
    path.write_text("customerID,worth\n" + "".join(f"{each},30\n" for each in IDS))
    name = house.propose(house.write(value={"file": "values.csv", "column": "worth"}))
    before = house.proposal(name)
    began = campaign_inputs.read_side_by_side

    def replace(*given: Any, **named: Any) -> None:
        path.write_text(path.read_text().replace(",30", ",300"))
        began(*given, **named)

    monkeypatch.setattr(campaign_inputs, "read_side_by_side", replace)
    manifest = manifest_of(house.approve(name))
    assert manifest.value_sha256 == before.value_sha256
    assert manifest.plan.totals == before.plan.totals


def test_without_rest_nobody_is_left_alone(house: CampaignHome) -> None:
    """Not even for a list whose first day is still to come."""
    house.approve(house.propose(house.write(validity={"first_day": "2026-04-01", "last_day": "2026-12-31"})))
    eligibility = {**house.campaign().eligibility.model_dump(), "rest_days": 0}
    name = house.propose(house.write(id="other", eligibility=eligibility))
    assert house.proposal(name).plan.funnel.not_eligible["rests"] == 0


def test_a_second_list_of_a_campaign_is_pointed_out(
    house: CampaignHome, caplog: pytest.LogCaptureFixture
) -> None:
    """Its budget is that of a list, not of the campaign."""
    house.approve(house.propose())
    assert "has a budget" not in caplog.text
    house.propose()
    assert "campaign 'spring' has 1 approved list already" in caplog.text


@pytest.mark.parametrize("outcome", ["approved", "refused", "timed out"])
def test_the_page_of_a_proposal_shows_its_decision(house: CampaignHome, outcome: str) -> None:
    """Whoever opens it later does not read that nobody has decided."""
    name = house.propose(house.write(language="en"))
    page = house.places.proposals / name / PAGE
    assert "nobody has decided yet" in page.read_text()
    if outcome == "timed out":
        house.at(NOW + timedelta(hours=72))
        review_all(house.places.proposals, house.places.campaigns, house.now)
    else:
        house.decide(name, outcome)  # type: ignore[arg-type]
    text = page.read_text()
    assert "nobody has decided yet" not in text
    said = {"approved": "Approved.", "refused": "Refused:", "timed out": "Expired without a decision:"}
    assert said[outcome] in text
    assert ("Claire Martin" in text) == (outcome != "timed out")


def test_the_same_list_is_published_once(house: CampaignHome) -> None:
    """Two proposals that now lead to the same list: the second stays open, and says why."""
    file = house.write(eligibility={**house.campaign().eligibility.model_dump(), "rest_days": 0})
    one = house.propose(file)
    house.export([IDS[1]])
    two = house.propose(file)
    folder = house.approve(one)
    before = written(house)

    with pytest.raises(ConfigError, match=rf"was published before as '{folder.name}'"):
        house.approve(two)
    assert house.decision(two) is None
    assert written(house) == before
    assert house.left_over() == []


def old(house: CampaignHome) -> None:
    """Let the lists age."""
    house.now += timedelta(hours=74)


def past(house: CampaignHome) -> None:
    """Let the validity end."""
    house.at(datetime(2027, 1, 1, tzinfo=PARIS))


def without(name: str) -> Callable[[CampaignHome], None]:
    """Have the CRM export no such list."""
    return lambda house: shutil.rmtree(house.folder / name)


def unset(name: str) -> Callable[[CampaignHome], None]:
    """Take a list out of the settings."""
    return lambda house: house.contacts.update({name: None})


def broken(name: str) -> Callable[[CampaignHome], None]:
    """Have the CRM export something else."""
    return lambda house: house._write(name, "a,b\n1,2\n")


def edited(house: CampaignHome) -> None:
    """Change a score."""
    (folder,) = house.home.published()
    path = folder / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b",0.", b",1.", 1))


def without_scores(house: CampaignHome) -> None:
    """Delete the scores; the pointer to the latest ones stays."""
    shutil.rmtree(house.home.published()[0])


def without_extract(house: CampaignHome) -> None:
    """Delete the archived extract."""
    for path in house.places.archive.iterdir():
        path.unlink()


def changed_extract(house: CampaignHome) -> None:
    """Change the archived extract."""
    (path,) = house.places.archive.glob("*.csv")
    path.write_bytes(path.read_bytes().replace(b"Yes", b"No", 1))


def rotated(house: CampaignHome) -> None:
    """Lose the key after a campaign was approved with it."""
    house.approve(house.propose(house.write(id="earlier")))
    house.secret = Secret(Path("no-file"), "another key of the tests, long enough")


STOPS: list[tuple[Callable[[CampaignHome], None], type[ChurnError], str]] = [
    (old, ConfigError, r"contacts\.objections: .* is 50 hours old; the limit is 48"),
    (without("objections"), ConfigError, r"contacts\.objections: .* cannot be read"),
    (without("basis"), ConfigError, r"contacts\.basis: .* cannot be read"),
    (unset("objections"), ConfigError, r"needs the CRM's list of objections. Set contacts\.objections"),
    (unset("basis"), ConfigError, r"needs a basis for the channel phone, but contacts\.basis is not set"),
    (broken("objections"), ContactsError, "first line is not a header"),
    (broken("basis"), ContactsError, "first line is not a header"),
    (edited, ConfigError, "are missing or have changed since they were published"),
    (without_scores, ConfigError, "are missing or have changed since they were published"),
    (without_extract, ConfigError, r"is not in the archive. Pass the extract that was scored with --extract"),
    (changed_extract, ConfigError, "but the scores are of extract"),
    (rotated, ConfigError, "control group of experiment 'year' was drawn with another key"),
    (past, ConfigError, "campaign 'spring' ended on 2026-12-31; today is 2027-01-01"),
]


@pytest.mark.parametrize(("spoil", "kind", "said"), STOPS)
def test_what_stops_a_proposal(
    house: CampaignHome, spoil: Callable[[CampaignHome], None], kind: type[ChurnError], said: str
) -> None:
    """One line to whoever must act, and nothing is kept."""
    file = house.write()
    spoil(house)
    before = written(house)

    with pytest.raises(kind, match=said) as raised:
        house.propose(file)
    assert raised.value.exit_code == (20 if kind is ContactsError else 10)
    assert "\n" not in str(raised.value)
    assert written(house) == before
    assert house.left_over() == []


@pytest.mark.parametrize(("spoil", "kind", "said"), STOPS)
def test_what_stops_an_approval(
    house: CampaignHome, spoil: Callable[[CampaignHome], None], kind: type[ChurnError], said: str
) -> None:
    """One line, no list, and the proposal stays open until it can be approved."""
    name = house.propose(house.write(decide_within_hours=720))
    if spoil is past:
        house.now = datetime(2026, 12, 30, tzinfo=PARIS)
        house.export()
        name = house.propose(house.write(decide_within_hours=720))
    before = written(house)
    spoil(house)
    kept = written(house) if spoil is rotated else before

    with pytest.raises(kind, match=said) as raised:
        house.decide(name)
    assert raised.value.exit_code == (20 if kind is ContactsError else 10)
    assert "\n" not in str(raised.value)
    assert house.decision(name) is None
    assert written(house) == kept
    assert house.left_over() == []


def test_a_stopped_approval_can_be_made_later(house: CampaignHome) -> None:
    """Once the CRM has exported its lists again."""
    name = house.propose(house.write(decide_within_hours=100))
    house.now += timedelta(hours=74)
    with pytest.raises(ConfigError, match="hours old"):
        house.decide(name)
    house.export()
    assert manifest_of(house.approve(name)).proposal == name


def test_other_scores_of_the_same_name_are_not_the_proposal_s(house: CampaignHome) -> None:
    """The manifest is what the proposal was made from."""
    name = house.propose()
    (folder,) = house.home.published()
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text().replace('"flagged": ', '"flagged": 1'))

    with pytest.raises(ConfigError, match="are not those of the proposal"):
        house.decide(name)
    assert house.decision(name) is None


@pytest.mark.parametrize("file", ["measurement.csv", MANIFEST])
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-40])])
def test_a_damaged_campaign_stops_the_next_one(
    house: CampaignHome, file: str, change: Callable[[Path], object]
) -> None:
    """Nobody knows any more who rests: one line, whatever is missing or cut short."""
    folder = house.approve(house.propose())
    change(folder / file)
    with pytest.raises(ConfigError, match=r"is not a campaign as it was published") as raised:
        house.propose()
    assert "\n" not in str(raised.value)
    assert house.left_over() == []


def test_an_experiment_keeps_its_share(house: CampaignHome) -> None:
    """Another share would make controls of former contacts, and contacts of former controls."""
    house.approve(house.propose())
    for share in (0.2, 0.4):
        file = house.write(id="second", experiment={"id": "year", "control_share": share})
        with pytest.raises(ConfigError, match=r"experiment 'year' has the control_share 0\.3") as raised:
            house.propose(file)
        assert raised.value.exit_code == 10
    house.propose(house.write(id="second", experiment={"id": "other", "control_share": 0.4}))


def test_an_extract_that_was_not_archived_is_passed(house: CampaignHome, tmp_path: Path) -> None:
    """The proposal remembers it; another one is refused."""
    (archived,) = house.places.archive.glob("*.csv")
    moved = shutil.move(archived, tmp_path / "mine.csv")
    (tmp_path / "another.csv").write_bytes(CUSTOMERS.iloc[1:].to_csv(index=False).encode())

    for given, said in (("another.csv", "but the scores are of extract"), ("none.csv", "No such file")):
        with pytest.raises(ConfigError, match=said):
            house.propose(extract=tmp_path / given)
    name = house.propose(extract=Path(moved))
    shutil.move(moved, tmp_path / "elsewhere.csv")
    with pytest.raises(ConfigError, match="No such file"):
        house.approve(name)
    assert len(rows_of(house.approve(name, extract=tmp_path / "elsewhere.csv"))) == 60


def test_scores_of_a_day(house: CampaignHome) -> None:
    """Those of the day, or a line that says that there are none."""
    house.at(NOW + timedelta(days=1))
    house.score(CUSTOMERS.iloc[:200], day="2026-03-02")
    latest, former = house.propose(), house.propose(as_of=NOW.date() - timedelta(days=2))
    assert house.proposal(latest).plan.funnel.scored == 196
    assert house.proposal(former).plan.funnel.scored == 294
    assert house.proposal(former).as_of.isoformat() == "2026-03-01"
    with pytest.raises(ConfigError, match="there are no scores for 2026-02-01"):
        house.propose(as_of=datetime(2026, 2, 1, tzinfo=PARIS).date())


def test_without_scores_there_is_no_campaign(home: Home, tmp_path: Path) -> None:
    """A home in which nothing was scored."""
    house = CampaignHome(home, tmp_path / "lists")
    with pytest.raises(ConfigError, match="there are no scores in"):
        house.propose()


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
    assert written(house) == {}


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"by": ""}, "needs the name of the person who decides"),
        ({"by": " \n "}, "needs the name of the person who decides"),
        ({"by": "C" * 101}, "at most 100 characters"),
        ({"comment": "c" * 1_001}, "at most 1000"),
        ({"by": "Claire\x1b[2J"}, "without control characters"),
        ({"comment": "fine\x00"}, "without control characters"),
    ],
)
def test_somebody_decides(house: CampaignHome, said: dict[str, str], refusal: str) -> None:
    """A decision needs a name, and fits on a line."""
    name = house.propose()
    with pytest.raises(ConfigError, match=refusal) as raised:
        house.decide(name, **said)
    assert "\n" not in str(raised.value)
    assert house.decision(name) is None


def test_a_comment_of_several_lines_is_kept_on_one(house: CampaignHome) -> None:
    """As it is pasted into the dashboard."""
    name = house.propose()
    house.decide(name, "refused", by="Claire  Martin", comment="too late\n\tand too few\n")
    decision = house.decision(name)
    assert decision is not None
    assert (decision.by, decision.comment) == ("Claire Martin", "too late and too few")


@pytest.mark.parametrize("name", ["spring", "..", ".", "", "../campaigns"])
def test_no_such_proposal(house: CampaignHome, name: str) -> None:
    """One line, whatever is asked for."""
    house.propose()
    with pytest.raises(ConfigError, match="there is no proposal"):
        house.decide(name)


def test_a_proposal_is_named_by_its_path_too(house: CampaignHome) -> None:
    """As the shell completes it."""
    name = house.propose()
    house.decide(str(house.places.proposals / name) + "/", "refused")
    assert house.decision(name) is not None


def test_values_from_a_file(house: CampaignHome) -> None:
    """The path counts from the campaign's folder; who has no value is not eligible; the hash is kept."""
    values = {each: 10.0 + place for place, each in enumerate(IDS[:200])}
    rows = [[f" {each.lower()}", value] for each, value in values.items()]
    with (house.folder / "values.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["customerID", "worth"], *rows])
    campaign = house.write(value={"file": "values.csv", "column": "worth"})
    name = house.propose(campaign)
    folder = house.approve(name)

    (scores,) = house.home.published()
    expected = select(
        scores / "scores.csv",
        {},
        house.proposal(name).campaign.model_dump(mode="json"),
        secret=str(house.secret.given),
        objected=OBJECTED,
        bases=BASES,
        values=values,
    )
    assert rows_of(folder)["customerID"].tolist() == expected.contacts
    assert manifest_of(folder).plan.funnel.not_eligible["no_value"] == expected.reasons["no_value"] > 0
    assert manifest_of(folder).value_sha256 is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "does not exist"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"", "has no column 'customerID'"),
        (b"customerID\n1\n", "has no column 'worth'"),
        (b"customerID,worth\nA,1\nA,2\n", "line 3: a customer has two values"),
        (b"customerID;worth\nA;1.5\nB;1,5\n", "line 3: 'worth' is not a number"),
        (b"customerID,worth\nA,1\nB\nC,secret\n", "line 4: 'worth' is not a number"),
        (b"customerID,worth\nA,1_000\n", "line 2: 'worth' is not a number"),
        (b"x" * 200_000, "is not readable as CSV"),
    ],
    ids=["missing", "encoding", "empty", "column", "two values", "comma", "text", "python", "long"],
)
def test_values_that_cannot_be_used(house: CampaignHome, data: bytes | None, said: str) -> None:
    """One line about value.file, with the line of the file and without its value."""
    if data is not None:
        (house.folder / "values.csv").write_bytes(data)
    file = house.write(value={"file": "values.csv", "column": "worth"})
    with pytest.raises(ConfigError, match=rf"^value\.file.*{said}") as raised:
        house.propose(file)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert house.left_over() == []


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_values_have_any_separator_and_bounds(house: CampaignHome, separator: str) -> None:
    """As for extracts; empty, below zero and beyond a billion are unknown values."""
    cells = ["25", " 25.0 ", "", "-1", "1e10", "nan"]
    rows = [f"{each}{separator}{cell}{separator}x" for each, cell in zip(IDS[1:7], cells, strict=True)]
    header = separator.join(["customerID", "worth", "other"])
    (house.folder / "values.csv").write_text("\n".join([header, *rows]))
    file = house.write(
        value={"file": "values.csv", "column": "worth"},
        eligibility={**house.campaign().eligibility.model_dump(), "bases": []},
    )
    funnel = house.proposal(house.propose(file)).plan.funnel
    assert funnel.scored == len(IDS) - len(OBJECTED)
    assert funnel.eligible == 2
    assert funnel.not_eligible["no_value"] == funnel.scored - 2


def test_other_values_than_proposed_are_refused(house: CampaignHome) -> None:
    """A person has seen the profit of the values that were there; the proposal stays open."""
    path = house.folder / "values.csv"
    path.write_text("customerID,worth\n" + "".join(f"{each},30\n" for each in IDS))
    name = house.propose(house.write(value={"file": "values.csv", "column": "worth"}))
    path.write_text(path.read_text().replace(f"{IDS[3]},30", f"{IDS[3]},31"))
    with pytest.raises(ConfigError, match="has changed since the proposal"):
        house.approve(name)
    assert house.campaigns() == []
    assert house.decision(name) is None


def test_another_key_than_proposed_is_refused(house: CampaignHome) -> None:
    """Even where no campaign of the experiment was approved before: other controls would be drawn."""
    name = house.propose()
    house.secret = Secret(None, "x" * 40)
    with pytest.raises(ConfigError, match="drawn with another key"):
        house.approve(name)
    assert house.campaigns() == []
    assert house.decision(name) is None


def test_what_changed_since_the_proposal_is_said(
    house: CampaignHome, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning with both counts; the manifest keeps what the person who approved had seen."""
    name = house.propose()
    before = house.proposal(name).plan
    house.export(IDS[:200])
    caplog.clear()
    manifest = manifest_of(house.approve(name))

    assert manifest.proposed.contacts == before.funnel.contacts == 60
    assert manifest.proposed.controls == before.funnel.controls
    assert manifest.proposed.expected_profit == before.totals.expected_profit
    now = manifest.plan.funnel.contacts
    assert now < 60
    (warning,) = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.startswith(f"since the proposal: objections 202, was 6; contacts {now}, was 60; ")


def test_what_is_as_proposed_needs_no_warning(house: CampaignHome, caplog: pytest.LogCaptureFixture) -> None:
    """Neither about the counts nor about the lists."""
    name = house.propose()
    caplog.clear()
    house.approve(name)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_bad_rows_of_the_lists_are_published_with_the_campaign(house: CampaignHome) -> None:
    """By line, as beside the scores, and sealed; the row of an objection still counts."""
    house.contacts["max_quarantined_share"] = 0.5
    name = house.propose()
    (path,) = (house.folder / "objections").iterdir()
    with path.open("a") as file:
        file.write(f"{IDS[1]},2026-01-01,perhaps\n")
    folder = house.approve(name)

    rows = pd.read_csv(folder / "contacts_quarantine.csv")
    assert rows[["contact_list", "line", "column"]].to_numpy().tolist() == [
        ["objections", len(OBJECTED) + 2, "scope"]
    ]
    manifest = manifest_of(folder)
    assert "contacts_quarantine.csv" in manifest.files
    assert manifest.contacts.objections == len(OBJECTED) + 1
    assert same_customer(IDS[1]) not in groups_in(folder)


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


def test_nothing_names_who_objected(house: CampaignHome, caplog: pytest.LogCaptureFixture) -> None:
    """Acceptance: plain, UTF-16 or base64, in files, workbooks or logs; nor does a log name anybody."""
    caplog.set_level(logging.DEBUG)
    name = house.propose()
    late = IDS[11:60:7]
    house.export(late)
    folder = house.approve(name)

    data = written_in(house.places.proposals, house.places.campaigns)
    assert leaked(data, [*OBJECTED, *late]) == []
    assert leaked(caplog.text.encode(), IDS) == []
    assert leaked(written_in(house.places.proposals), IDS) == []
    assert len(leaked(data, rows_of(folder)["customerID"])) == 60


def test_reasons_are_the_customer_s_own(house: CampaignHome) -> None:
    """Acceptance: each has the customer's value in the extract, and none is a protected attribute."""
    (archived,) = house.places.archive.glob("*.csv")
    with archived.open(newline="") as file:
        cells = {row["customerID"]: row for row in csv.DictReader(file)}
    rows = rows_of(house.approve(house.propose()))

    given = 0
    for _, row in rows.iterrows():
        for reason in filter(None, (row["reason_1"], row["reason_2"])):
            column, _, value = reason.partition("=")
            cell = cells[row["customerID"]][column]
            assert value == cell or float(value) == float(cell)
            assert column not in PROTECTED
            given += 1
    assert given > 60


def test_every_column_of_the_list_is_the_customer_s(house: CampaignHome) -> None:
    """Scores as published, charges as in the extract, bases as in the CRM's list."""
    (archived,) = house.places.archive.glob("*.csv")
    (scores,) = house.home.published()
    with archived.open(newline="") as file:
        cells = {row["customerID"]: row for row in csv.DictReader(file)}
    with (scores / "scores.csv").open(newline="") as file:
        published = {row["customerID"]: row for row in csv.DictReader(file)}
    folder = house.approve(house.propose())
    expected = select(
        scores / "scores.csv",
        charges_of(CUSTOMERS),
        house.campaign().model_dump(mode="json"),
        secret=str(house.secret.given),
        objected=OBJECTED,
        bases=BASES,
    )

    rows = rows_of(folder)
    for place, row in enumerate(rows.to_dict("records"), start=1):
        name = row["customerID"]
        assert (row["priority"], row["campaign_id"], row["adviser_decision"]) == (str(place), "spring", "")
        assert (row["decile"], row["risk_band"]) == (
            published[name]["decile"],
            published[name]["risk_band"],
        )
        for reason in ("reason_1", "reason_2"):
            assert row[reason].partition("=")[0] == published[name][reason]
        assert float(row["monthly_value"]) == float(cells[name]["MonthlyCharges"])
        assert float(row["expected_value"]) == pytest.approx(expected.profits[name], abs=0.005)
        assert [row[channel] for channel in CHANNELS] == [
            str(int((name, channel) in BASES)) for channel in CHANNELS
        ]
        assert row["basis"] == BASES[name, "phone"]
        assert row["suggested_action"] == "Ten percent"
        assert row["model_version"] == published[name]["model_version"]
        assert (row["scored_on"], row["valid_until"]) == ("2026-03-01", "2026-12-31")
    assert {*rows["basis"]} == {"contract", "consent"}


def test_priorities_go_on_over_batches(house: CampaignHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many customers are written at once, the bytes are the same."""
    name = house.propose()
    aside = CampaignHome(house.home.copy_to(house.folder / "aside"), house.folder)
    monkeypatch.setattr("tasks.core.campaigns.choice.selection._ROWS_AT_ONCE", 7)
    batched = aside.approve(name)
    monkeypatch.undo()
    whole = house.approve(name)

    assert rows_of(batched)["priority"].tolist() == [str(place) for place in range(1, 61)]
    for file in ("measurement.csv", *LISTS):
        assert (batched / file).read_bytes() == (whole / file).read_bytes()


def test_the_means_are_of_whom_they_say(house: CampaignHome) -> None:
    """The risk of the list is that of its contacts; the assumed churn is that of both groups."""
    folder = house.approve(house.propose())
    groups, plan = groups_in(folder), manifest_of(folder).plan
    (scores,) = house.home.published()
    risk = {
        same_customer(row.customerID): row.churn_probability
        for row in pd.read_csv(scores / "scores.csv", dtype={"customerID": "str"}).itertuples()
    }
    contacts = [risk[each] for each, group in groups.items() if group == "contact"]
    both = [risk[each] for each in groups]
    assert plan.totals.mean_probability == pytest.approx(sum(contacts) / len(contacts), abs=1e-6)
    assert plan.power.control_churn == pytest.approx(sum(both) / len(both), abs=1e-6)
    assert plan.totals.mean_probability != plan.power.control_churn


def test_what_a_run_proposed_is_not_proposed_again(house: CampaignHome) -> None:
    """A suspended run starts from its beginning when it is resumed; the lists may have changed by then."""
    run = uuid4()
    name = house.propose(run_id=run)
    house.export([IDS[1]])
    assert house.propose(run_id=run) == name
    assert house.propose() != name
    assert house.propose(run_id=uuid4()) != name


def test_a_home_has_one_proposal_or_decision_at_a_time(
    house: CampaignHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both hold the lock while they write."""
    held: list[bool] = []

    def spy(function: Callable[..., Any]) -> Callable[..., Any]:
        def seen(*given: Any, **named: Any) -> Any:
            held.append(is_locked(house.places.proposals))
            return function(*given, **named)

        return seen

    for name in ("keep_proposal", "publish_campaign", "record"):
        monkeypatch.setattr(campaign_job, name, spy(getattr(campaign_job, name)))
    house.approve(house.propose())
    assert held == [True, True, True]
    assert not is_locked(house.places.proposals)


def test_no_control_is_on_the_list(house: CampaignHome) -> None:
    """Acceptance: nor in the list for people or its workbook; every contact and control is in the groups."""
    folder = house.approve(house.propose())
    groups = groups_in(folder)
    controls = [each for each in IDS if groups.get(same_customer(each)) == "control"]
    listed = rows_of(folder)["customerID"].tolist()

    assert len(controls) > 10
    assert {*map(same_customer, listed)} == {each for each, group in groups.items() if group == "contact"}
    for file in ("campaign.csv", "liste_appels.csv", "liste_appels.xlsx", PAGE, MANIFEST):
        only = house.folder / f"only-{file}"
        only.mkdir()
        shutil.copy(folder / file, only)
        assert leaked(written_in(only), controls) == []


def test_nobody_changes_sides_over_real_nights(house: CampaignHome) -> None:
    """Acceptance: three nights with leavers, entrants and another bundle, and two campaigns each night."""
    eligibility = {**house.campaign().eligibility.model_dump(), "rest_days": 0}
    everybody = pd.concat([CUSTOMERS, make_customers(80, seed=6).drop(columns="Churn")])
    sides: dict[str, str] = {}
    seen, bundles = 0, set()
    for night in range(3):
        house.at(NOW + timedelta(days=night))
        if night == 1:
            another = seal_another(house.home, cut_at=0.4).manifest.bundle_id
            move_champion(home=house.places, secret=SECRET, now=lambda: house.now, bundle=another, force=True)
        if night:
            house.score(everybody.iloc[night * 40 : 300 + night * 40], f"2026-03-0{night + 2}")
        for place, channel in enumerate(("phone", "email")):
            budget = {"contacts": 30 + 40 * place}
            name = house.propose(
                house.write(id=f"campaign-{place}", channel=channel, eligibility=eligibility, budget=budget)
            )
            bundles.add(house.proposal(name).scores.bundle_id)
            for customer, group in groups_in(house.approve(name)).items():
                assert sides.setdefault(customer, group) == group
                seen += 1
    assert seen > 1.5 * len(sides)
    assert len(bundles) == 2
    assert {*sides.values()} == {"contact", "control"}
