"""Acceptance: what a list is made from, and everything about it that must stop a campaign."""

import csv
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.manifest import MANIFEST
from tasks.core.errors import ChurnError, ConfigError, ContactsError
from tasks.core.jobs import campaign_inputs
from tasks.core.storage.secret import Secret
from tests.harness.campaign_home import (
    BASES,
    CUSTOMERS,
    IDS,
    NOW,
    OBJECTED,
    PARIS,
    CampaignHome,
    groups_in,
    manifest_of,
    rows_of,
)
from tests.harness.home import Home
from tests.oracles.campaign import select


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


def test_a_rest_that_ends_before_the_decision_still_counts(house: CampaignHome) -> None:
    """Whoever rested on the day of the proposal is not on the list that was looked at, nor on the next."""
    first = groups_in(house.approve(house.propose()))
    house.at(NOW + timedelta(days=29, hours=20))
    name = house.propose()
    house.at(NOW + timedelta(days=31))
    assert not {*groups_in(house.approve(name))} & {*first}


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


@pytest.mark.parametrize(("spoil", "kind", "said"), STOPS)
def test_what_stops_a_proposal(
    house: CampaignHome, spoil: Callable[[CampaignHome], None], kind: type[ChurnError], said: str
) -> None:
    """One line to whoever must act, and nothing is kept."""
    file = house.write()
    spoil(house)
    before = house.written()

    with pytest.raises(kind, match=said) as raised:
        house.propose(file)
    assert raised.value.exit_code == (20 if kind is ContactsError else 10)
    assert "\n" not in str(raised.value)
    assert house.written() == before
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
    before = house.written()
    spoil(house)
    kept = house.written() if spoil is rotated else before

    with pytest.raises(kind, match=said) as raised:
        house.decide(name)
    assert raised.value.exit_code == (20 if kind is ContactsError else 10)
    assert "\n" not in str(raised.value)
    assert house.decision(name) is None
    assert house.written() == kept
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
