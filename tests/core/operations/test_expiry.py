import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schemas.config import Locations
from schemas.retention import Kind, Swept
from tasks.core.operations import expiry
from tasks.core.operations import retention_log as proofs
from tasks.core.scores.latest import swap_latest
from tasks.core.storage.atomic import make_folder
from tests.harness.aged_home import DAYS, NOW, POLICY, TODAY, ages, make_aged_home, sweep
from tests.harness.deliveries import BUNDLE, publish_scores
from tests.harness.rights import bound_by_rights

FOLDERS = ("archive", "rejected", "scores", "runs", "contacts", "proposals", "campaigns")


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    """Make a home with data of all ages."""
    return make_aged_home(tmp_path / "home")


def test_what_is_past_its_time_goes_and_no_more(places: Locations) -> None:
    """Data is kept on its last day and deleted the day after, with its sidecar; the rest is unchanged."""
    kept = {path for path in places.home.rglob("*") if path.is_file() and path.read_bytes() == b"kept"}
    sweep(places)

    assert ages(places.archive) == [0, 30, 31, 90]
    assert ages(places.scores) == [0, 30, 31, 90]
    assert ages(places.runs) == [0, 30]
    assert len(list(places.archive.glob("*.sha256"))) == 4
    assert {path.name for path in places.rejected.iterdir()} == {f"{0:016d}", f"{30:016d}", "without-reason"}
    assert ages(places.inbox) == [0, 0, 30, 30, 31, 31, 90, 90]
    assert ages(places.prefect / "storage") == ages(places.prefect / "dlq") == [0, 30]
    assert ages(places.contacts) == [1_005, 1_035, 1_036, 1_095]
    assert len(list(places.proposals.iterdir())) == len(list(places.campaigns.iterdir())) == len(DAYS)
    assert len(kept) == 13
    assert all(path.read_bytes() == b"kept" for path in kept)
    assert not list(places.home.rglob(".expired-*"))


def test_the_proof_names_nobody(places: Locations) -> None:
    """Each sweep appends a line per kind with number, days and bytes, without ids and names."""
    first = sweep(places)
    sweep(places, NOW + timedelta(days=1))

    lines = places.retention_log.read_text().splitlines()
    assert [Swept.model_validate_json(line) for line in lines[:9]] == first
    assert len(lines) == 18
    by_kind = {each.kind: each for each in first}
    assert {kind: each.deleted for kind, each in by_kind.items()} == {
        "archive": 2, "rejected": 3, "scores": 1, "runs": 3, "truth": 2, "contacts": 1, "proposals": 1,
        "campaigns": 1, "prefect_files": 6,
    }  # fmt: skip
    assert (by_kind["runs"].oldest, by_kind["runs"].newest) == (date(2026, 3, 31), date(2026, 5, 30))
    assert by_kind["runs"].bytes == 3 * 99
    text = places.retention_log.read_text()
    assert "0000-AAAAA" not in text
    assert re.search(r"[0-9a-f]{16}", text) is None
    assert places.retention_log.stat().st_mode & 0o777 == 0o600


def test_prefects_own_folder_may_be_elsewhere(places: Locations, tmp_path: Path) -> None:
    """What has expired there is deleted and logged; what a killed sweep had hidden, too."""
    elsewhere = places.model_copy(update={"prefect_home": tmp_path / "elsewhere"})
    for name in (".expired-event", "event"):
        (make_folder(elsewhere.prefect / "dlq") / name).write_text("{}")
        os.utime(elsewhere.prefect / "dlq" / name, (0, 0))

    deleted = {each.kind: each.deleted for each in sweep(elsewhere)}

    assert deleted["prefect_files"] == 2
    assert list((elsewhere.prefect / "dlq").iterdir()) == []
    assert len(list((places.prefect / "dlq").iterdir())) == len(DAYS)


def test_the_latest_scores_are_kept_for_ever(places: Locations) -> None:
    """The folder that the pointer names is kept whatever its age; so is the latest one without a pointer."""
    later = NOW + timedelta(days=2_000)
    sweep(places, later)
    assert ages(places.scores) == [0]

    (places.scores / "latest.json").unlink()
    sweep(places, later)
    assert ages(places.scores) == [0]


def test_the_newest_objections_are_kept_for_ever(places: Locations) -> None:
    """Runs without a list apply them, whatever their age."""
    sweep(places, NOW + timedelta(days=2_000))

    assert ages(places.contacts) == [1_005]


def test_a_corrected_extract_does_not_become_the_latest_by_a_sweep(places: Locations) -> None:
    """After a sweep the pointer is what it was."""
    publish_scores(places.scores, TODAY, "f" * 16, NOW)
    before = swap_latest(places.scores, BUNDLE)

    sweep(places, NOW + timedelta(days=2_000))

    assert swap_latest(places.scores, BUNDLE) == before


def test_nothing_is_due_in_a_new_home(tmp_path: Path) -> None:
    """Missing folders count as empty."""
    assert expiry.find_expired(Locations(home=tmp_path), POLICY, "", NOW) == expiry.Due([], {})
    assert [each.deleted for each in proofs.count_deletions([], NOW)] == [0] * 9


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
@pytest.mark.parametrize("kind", ["rejected", "scores", "contacts", "proposals", "campaigns", "runs"])
def test_a_folder_that_cannot_be_read_is_not_an_empty_one(kind: Kind, mode: int, places: Locations) -> None:
    """It is reported with its reason, and the other kinds are found."""
    before = expiry.find_expired(places, POLICY, BUNDLE, NOW)
    folder = places.home / kind
    folder.chmod(mode)
    with bound_by_rights():
        due = expiry.find_expired(places, POLICY, BUNDLE, NOW)
    folder.chmod(0o700)

    assert list(due.unreadable) == [kind]
    assert f"'{folder}" in due.unreadable[kind]
    assert "' cannot be used: Permission denied. " in due.unreadable[kind]
    assert due.expired == [each for each in before.expired if each.kind != kind]
    assert before.unreadable == {}


def test_one_that_cannot_be_read_keeps_no_other_of_its_kind(places: Locations) -> None:
    """A refused extract whose day cannot be seen is reported; those beside it are found."""
    before = expiry.find_expired(places, POLICY, BUNDLE, NOW)
    closed = places.rejected / f"{91:016d}"
    closed.chmod(0o000)
    with bound_by_rights():
        due = expiry.find_expired(places, POLICY, BUNDLE, NOW)

    assert list(due.unreadable) == ["rejected"]
    assert "cannot be used: Permission denied. " in due.unreadable["rejected"]
    assert due.expired == [each for each in before.expired if each.path != closed]


def test_an_impossible_day_stops_no_sweep(places: Locations) -> None:
    """An entry whose last day is beyond the calendar is reported; those beside it are found."""
    before = expiry.find_expired(places, POLICY, BUNDLE, NOW)
    (places.archive / "9999-12-31-note.csv").write_text("x")
    due = expiry.find_expired(places, POLICY, BUNDLE, NOW)

    assert due.unreadable == {"archive": "an entry has an impossible day (date value out of range)"}
    assert due.expired == before.expired


def test_what_an_earlier_sweep_hid_goes_though_its_day_cannot_be_seen(places: Locations) -> None:
    """Whatever its name, and even if its reason cannot be read: only its day is unknown."""
    before = expiry.find_expired(places, POLICY, BUNDLE, NOW)
    hidden = [make_folder(places.home / kind / f".expired-{kind}") for kind in FOLDERS]
    (places.rejected / ".expired-rejected").chmod(0o000)
    with bound_by_rights():
        due = expiry.find_expired(places, POLICY, BUNDLE, NOW)

    assert due.unreadable == {}
    assert [(each.path, each.day) for each in due.expired if each not in before.expired] == [
        (path, None) for path in hidden
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "expires"),
    [
        ("UTC", 23, False),
        ("Europe/Paris", 21, False),
        ("Europe/Paris", 22, True),
        ("Pacific/Auckland", 12, True),
    ],
)
def test_things_expire_at_the_operators_midnight(
    zone: str, hour: int, expires: bool, places: Locations
) -> None:
    """The last day on which an extract is kept ends when the operator's does, here on 30 June (UTC)."""
    extract = places.archive / f"{TODAY - timedelta(days=POLICY.archive_days)}-{'7' * 16}.csv"
    make_folder(places.archive)
    extract.write_text("0000-AAAAA")
    now = datetime(2026, 6, 30, hour, tzinfo=UTC).astimezone(ZoneInfo(zone))

    expired = expiry.find_expired(places, POLICY, BUNDLE, now).expired

    assert (extract in {each.path for each in expired}) == expires


@pytest.mark.parametrize(("zone", "day"), [("Europe/Paris", 1), ("America/New_York", 31)])
def test_runs_and_rejections_belong_to_the_operators_day(zone: str, day: int, places: Locations) -> None:
    """What is stored as an instant, here 23:30 (UTC), is dated in the operator's zone."""
    at = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    run, rejection = places.runs / f"{at:%Y%m%dT%H%M%S}-x", places.rejected / "one"
    for folder in (run, rejection):
        make_folder(folder)
    reason = rejection / "reason.txt"
    reason.touch()
    os.utime(reason, (at.timestamp(), at.timestamp()))

    found = expiry.find_expired(places, POLICY, BUNDLE, NOW.astimezone(ZoneInfo(zone))).expired

    days = {each.path: each.day for each in found}
    assert days[run] == days[rejection]
    assert days[run] is not None
    assert days[run].day == day
