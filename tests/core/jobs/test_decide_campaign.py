"""Acceptance: from the decision to the list."""

import csv
import logging
import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from schemas.columns import PROTECTED
from schemas.contacts import CHANNELS
from schemas.manifest import MANIFEST
from tasks.core.campaigns.lists.call_list import LISTS
from tasks.core.campaigns.page.page import PAGE
from tasks.core.campaigns.proposals import DECISION, PROPOSAL, close_expired, review_all
from tasks.core.errors import ConfigError
from tasks.core.jobs import decide_campaign, propose_campaign
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
    CampaignHome,
    groups_in,
    leaked,
    manifest_of,
    rows_of,
    written_in,
)
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.scored import charges_of
from tests.oracles.campaign import same_customer, select


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
    assert {*house.written()} == {f"proposals/{name}/{file}" for file in (PROPOSAL, PAGE, DECISION)}
    assert leaked(written_in(house.places.proposals), IDS) == []


@pytest.mark.parametrize(
    ("first", "second", "action"),
    [("approved", "refused", "Its list is in"), ("refused", "approved", "Propose the campaign again")],
)
def test_a_second_decision_is_refused(house: CampaignHome, first: Any, second: Any, action: str) -> None:
    """It says who decided, and changes nothing."""
    name = house.propose()
    house.decide(name, first)
    before = house.written()

    with pytest.raises(
        ConfigError, match=rf"was {first} by Claire Martin at 2026-03-03 00:30 \(Europe/Paris\)\. {action}"
    ):
        house.decide(name, second, by="Someone else")
    assert house.written() == before


def test_a_decision_in_the_last_moment_counts(house: CampaignHome) -> None:
    """A microsecond before it expires."""
    name = house.propose()
    house.at(NOW + timedelta(hours=72) - timedelta(microseconds=1))
    assert house.approve(name).is_dir()


def test_the_same_inputs_give_the_same_bytes(house: CampaignHome) -> None:
    """Acceptance: of all lists and groups, in two homes, an hour later and with other threads."""
    other = CampaignHome(house.home.copy_to(house.folder / "other"), house.folder / "lists", threads=5)
    other.now += timedelta(hours=1)
    one, two = (each.approve(each.propose()) for each in (house, other))

    assert one.name == two.name
    for file in ("measurement.csv", *LISTS):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_another_list_than_the_proposed_one_is_not_published(house: CampaignHome) -> None:
    """Two open proposals of the same customers: once one is approved, the other would be of others."""
    one, two = house.propose(), house.propose(house.write(id="other"))
    folder = house.approve(one)
    first = groups_in(folder)
    with pytest.raises(ConfigError, match=f"'{folder.name}' was approved or withdrawn since the proposal"):
        house.approve(two)
    assert house.decision(two) is None
    assert house.campaigns() == [folder]

    house.decide(two, "refused")
    third = house.propose(house.write(id="third"))
    shutil.move(folder, house.folder)
    with pytest.raises(ConfigError, match="approved or withdrawn"):
        house.approve(third)
    shutil.move(house.folder / folder.name, folder)
    second = groups_in(house.approve(house.propose(house.write(id="other"))))
    assert len(second) > 60
    assert not {*first} & {*second}


def test_a_list_of_other_customers_does_not_stand_in_the_way(house: CampaignHome) -> None:
    """Two open proposals that share nobody can both be approved."""
    eligibility = house.campaign().eligibility.model_dump()
    one = house.propose(house.write(eligibility={**eligibility, "bases": ["contract"]}))
    two = house.propose(house.write(id="other", eligibility={**eligibility, "bases": ["consent"]}))
    first, second = groups_in(house.approve(one)), groups_in(house.approve(two))
    assert first
    assert second
    assert not {*first} & {*second}


def test_a_list_is_not_named_as_a_proposal_that_was_refused(house: CampaignHome) -> None:
    """The same inputs again are another proposal, and its list is named as it is."""
    refused = house.propose()
    house.decide(refused, "refused")
    name = house.propose()
    assert name != refused
    folder = house.approve(name)
    assert folder.name == manifest_of(folder).proposal == name


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
    before = house.written()

    with pytest.raises(ConfigError, match=rf"was published before as '{folder.name}'"):
        house.approve(two)
    assert house.decision(two) is None
    assert house.written() == before
    assert house.left_over() == []


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

    for module, name in (
        (propose_campaign, "keep_proposal"),
        (decide_campaign, "publish_campaign"),
        (decide_campaign, "record"),
    ):
        monkeypatch.setattr(module, name, spy(getattr(module, name)))
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
