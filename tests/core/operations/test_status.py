import errno
import io
import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.config import ContactsConfig, IngestConfig, Locations
from schemas.horizon import Horizon
from schemas.operations import AlarmPolicy
from schemas.reports import RowCounts
from schemas.scoring_inputs import ScoringInputs
from schemas.status import Status
from tasks.core.intake.contact_lists import read_contacts
from tasks.core.intake.inbox import confirm
from tasks.core.intake.kept_objections import keep_objections
from tasks.core.operations import observe
from tasks.core.operations.retention_log import append_log, count_deletions
from tasks.core.operations.status import collect_status
from tasks.core.operations.status_page import WIDTH, print_page
from tasks.core.scores.latest import swap_latest
from tasks.core.storage.atomic import make_folder
from tasks.core.storage.locks import locked
from tests.harness.deliveries import BUNDLE, INPUTS, Drain, publish_scores
from tests.harness.environment import SECRET
from tests.harness.home import Home
from tests.harness.pages import page
from tests.harness.rights import bound_by_rights

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 as shutil has it


@pytest.fixture
def places(trained_home: Home, monkeypatch: pytest.MonkeyPatch) -> Locations:
    """Make a home with a champion, two nights and an inbox, on a half-full disk."""
    places = Locations(home=trained_home.path)
    places.inbox.mkdir()
    for day in (1, 2):
        publish_scores(places.scores, date(2026, 3, day), f"{day}" * 16, NOW - timedelta(days=3 - day))
    swap_latest(places.scores, BUNDLE)
    monkeypatch.setattr(observe.shutil, "disk_usage", lambda _: Usage(1_000, 500, 500))
    return places


def look(places: Locations, now: datetime = NOW, **policy: object) -> Status:
    """Return the status of a home; check that it fits the page and survives JSON."""
    before = tree(places.home)
    status = collect_status(places, AlarmPolicy.model_validate(policy), now)
    assert tree(places.home) == before
    assert Status.model_validate_json(status.model_dump_json()) == status
    assert max(map(len, page(status).splitlines())) <= WIDTH
    return status


def tree(home: Path) -> list[tuple[str, int]]:
    """List everything with its modification time."""
    return sorted((str(path), path.lstat().st_mtime_ns) for path in home.rglob("*"))


def swept(places: Locations, at: datetime) -> None:
    """Log a sweep that found nothing at a given time."""
    append_log(places.retention_log, count_deletions([], at))


def codes(status: Status) -> list[str]:
    """List the alarms."""
    return [alarm.code for alarm in status.alarms]


def test_a_quiet_home_has_no_alarms(places: Locations) -> None:
    """Champion, nights with counts and the disk are shown, newest day first, and nothing is changed."""
    status = look(places)

    assert codes(status) == []
    assert not status.running
    assert status.champion is not None
    assert status.champion.action == "promote"
    assert status.champion.horizon == Horizon(days=30, source="assumed")
    assert [night.as_of_date.day for night in status.nights] == [2, 1]
    assert [night.latest for night in status.nights] == [True, False]
    newest = status.nights[0]
    assert (newest.received, newest.scored, newest.quarantined, newest.exact_duplicates) == (13, 10, 2, 1)
    assert status.disk.used_bytes["registry"] > 10_000
    text = page(status)
    assert text.splitlines()[0] == f"{'TelcoNova churn, 2026-03-04 04:00 UTC':<91}no alarms"
    assert status.champion.bundle_id in text
    row = ["*", "2026-03-02", "2" * 16, "13", "10", "2", "1", "0", BUNDLE]
    assert row in map(str.split, text.splitlines())


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o700, []), (0o750, []), (0o770, []), (0o755, ["home_open"]), (0o701, ["home_open"])],
)
def test_a_home_that_every_user_may_enter(mode: int, expected: list[str], places: Locations) -> None:
    """The alarm has the command; a home that its group may read is the administrator's choice."""
    places.home.chmod(mode)
    status = look(places)

    assert codes(status) == expected
    assert all(f"(mode {mode:04o}). Run chmod 700 {places.home}," in each.message for each in status.alarms)


def test_an_empty_home(tmp_path: Path) -> None:
    """Before the first training everything missing is reported."""
    status = look(Locations(home=tmp_path))

    assert {"champion_missing", "inbox_missing", "scores_missing"} <= set(codes(status))
    assert status.champion is None
    assert status.nights == ()


def test_a_champion_that_does_not_verify(places: Locations) -> None:
    """A flipped byte, or a history that cannot be read, is an alarm with its reason."""
    history = places.registry / "history.jsonl"
    whole = history.read_bytes()
    history.write_bytes(b"{\n")
    assert codes(look(places)) == ["champion_damaged"]
    history.write_bytes(whole)
    bundle = next((places.registry / "bundles").iterdir())
    (bundle / "model.onnx").write_bytes(b"")

    status = look(places)

    assert codes(status) == ["champion_damaged"]
    assert "model.onnx" in status.alarms[0].message
    assert status.champion is None


def test_a_stale_champion(places: Locations) -> None:
    """Its age counts from its training, whenever it came into service."""
    status = look(places)
    assert status.champion is not None
    last = status.champion.trained_at + timedelta(days=61) - timedelta(seconds=1)
    swept(places, last)

    assert codes(look(places, last, max_age_hours=8_760)) == []
    status = look(places, last + timedelta(seconds=1), max_age_hours=8_760)

    assert codes(status) == ["champion_stale"]
    assert "trained 61 days ago; expected at most 60" in status.alarms[0].message
    assert status.champion is not None


def test_stale_scores(places: Locations) -> None:
    """The newest as-of date counts, from the end of its day, against the configured hours."""
    assert codes(look(places, NOW + timedelta(hours=2))) == []
    assert codes(look(places, NOW + timedelta(hours=3))) == ["scores_stale"]
    assert codes(look(places, NOW + timedelta(hours=3), max_age_hours=48)) == []


@pytest.mark.parametrize(
    ("night", "damage"),
    [(0, "cut"), (0, "more"), (0, "fewer"), (0, "manifest"), (1, "cut"), (1, "flipped")],
)
def test_damaged_scores(places: Locations, night: int, damage: str) -> None:
    """Names and sizes of every night's files are held to the manifest, and the latest ones' hashes."""
    folder = sorted(places.scores.glob("2*"))[night]
    scores = folder / "scores.csv"
    if damage == "cut":
        scores.write_bytes(scores.read_bytes()[:-1])
    elif damage == "flipped":
        scores.write_bytes(scores.read_bytes().swapcase())
    elif damage == "more":
        (folder / "more").touch()
    elif damage == "fewer":
        scores.unlink()
    else:
        (folder / "manifest.json").write_bytes(b"{")

    status = look(places)

    assert codes(status) == ["scores_damaged"]
    assert folder.name in status.alarms[0].message


@pytest.mark.parametrize("content", [None, b"{}", b"away"])
def test_a_pointer_that_leads_nowhere(places: Locations, content: bytes | None) -> None:
    """A missing or damaged latest.json, or one to a folder that is gone, is an alarm."""
    if content == b"away":
        sorted(places.scores.glob("2*"))[1].rename(places.home / "away")
    elif content is None:
        (places.scores / "latest.json").unlink()
    else:
        (places.scores / "latest.json").write_bytes(content)

    assert "latest_damaged" in codes(look(places))


def objections(places: Locations, name: str = "objections_2026-03-03.csv") -> ContactsConfig:
    """Write an objection list whose row no status may read."""
    path = places.home.parent / name
    path.write_bytes(b"\xff")
    return ContactsConfig(objections=path)


def test_objections_are_counted_night_by_night(places: Locations) -> None:
    """Beside the customers who were scored; with a night of millions, no id is cut off."""
    counts = RowCounts(
        received=12_345_678,
        accepted=11_900_000,
        quarantined=300_000,
        exact_duplicates=45_678,
        objected=100_000,
        blank_lines=0,
    )
    publish_scores(places.scores, date(2026, 3, 3), "3" * 16, NOW, counts=counts, scored=11_900_000)
    status = look(places)

    assert [night.objected for night in status.nights] == [100_000, 0, 0]
    row = ["2026-03-03", "3" * 16, "12345678", "11900000", "300000", "45678", "100000", BUNDLE]
    assert row in map(str.split, page(status).splitlines())


@pytest.mark.parametrize(
    ("name", "hours", "said"),
    [
        ("objections_2026-03-03.csv", 47, ""),
        ("objections_2026-03-03.csv", 49, "is 49 hours old; the limit is 48"),
        ("objections_2026-12-03.csv", 1, "a day in the future"),
    ],
)
def test_a_list_that_would_stop_the_next_run(name: str, hours: int, said: str, places: Locations) -> None:
    """The alarm is the line that the run would end with, before it does."""
    now = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hours)
    status = collect_status(places, AlarmPolicy(max_age_hours=999), now, objections(places, name))

    assert codes(status) == (["contacts_stale"] if said else [])
    assert all(said in alarm.message for alarm in status.alarms)


@pytest.mark.parametrize("missing", ["objections", "basis"])
def test_a_list_that_is_missing(missing: str, places: Locations) -> None:
    """Each of the two is looked for; one that is there but empty of meaning is the run's to refuse."""
    config = objections(places).model_copy(update={missing: places.home / "nowhere.csv"})
    status = collect_status(places, AlarmPolicy(), NOW, config)

    assert codes(status) == ["contacts_stale"]
    assert status.alarms[0].message.startswith(f"contacts.{missing}: '")


def test_objections_that_nobody_renews(places: Locations) -> None:
    """Without a configured list, the one that was kept is applied, however old it is."""
    path = places.home.parent / "objections_2026-03-01.csv"
    path.write_text("customerID,objected_on,scope\nA,2026-01-01,all\n")
    kept_at = datetime(2026, 3, 2, 4, tzinfo=UTC)
    keep_objections(
        places.contacts, read_contacts(ContactsConfig(objections=path), SECRET, kept_at), SECRET, kept_at
    )
    assert codes(look(places, NOW - timedelta(hours=4))) == []
    status = look(places, NOW - timedelta(hours=3))
    assert codes(status) == ["contacts_stale"]
    assert "contacts.objections is not set, and the last list, of 2026-03-01, is 49 hours old" in page(
        status
    ).replace("\n    ", " ").replace("\n  ", " ")

    shutil.rmtree(places.contacts)
    assert codes(look(places)) == []


def test_what_waits(places: Locations) -> None:
    """Extracts are counted with the hours since they came; sidecars and hidden files are none."""
    for name in ("a.csv", "a.csv.sha256", ".b.csv", "c.csv"):
        (places.inbox / name).touch()
    now = datetime.now(tz=UTC)
    swept(places, now)

    status = look(places, now + timedelta(hours=29), max_age_hours=8_760)
    assert codes(status) == []
    assert status.inbox.extracts == 2
    assert status.inbox.oldest_hours == pytest.approx(29, abs=0.1)
    status = look(places, now + timedelta(hours=31), max_age_hours=8_760)
    assert codes(status) == ["extract_waits"]
    assert "waiting in inbox/: 2, the oldest for 31 hours" in status.alarms[0].message


@pytest.mark.parametrize("fault", ["gone", "unmounted", "unreadable"])
def test_an_inbox_that_is_not_there(places: Locations, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing, another or an unreadable folder is an alarm before a night stops at it."""
    confirm(places.inbox, places.work)
    assert codes(look(places)) == []
    if fault == "unmounted":
        (places.inbox / ".inbox").unlink()
    elif fault == "gone":
        shutil.rmtree(places.inbox)
    else:
        iterdir = Path.iterdir

        def stale(folder: Path) -> Iterator[Path]:
            if folder == places.inbox:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            return iterdir(folder)

        monkeypatch.setattr(Path, "iterdir", stale)

    assert codes(look(places)) == ["inbox_missing"]


@pytest.mark.parametrize(
    ("folder", "code"),
    [("inbox", "inbox_missing"), ("registry", "champion_damaged"), ("scores", "scores_damaged")],
)
def test_what_may_not_be_read_is_an_alarm(
    folder: str, code: str, places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page works even if nothing can be read, as for a monitor under another account."""
    confirm(places.inbox, places.work)
    (places.inbox / "a.csv").touch()
    closed = places.home / folder

    def guarded(look: Callable[..., Any]) -> Callable[..., Any]:
        def looked(path: Path, **options: Any) -> Any:
            if path.parent == closed or (
                path == closed and look.__name__ == "iterdir" and folder == "scores"
            ):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return look(path, **options)

        return looked

    with monkeypatch.context() as shut:
        for name in ("stat", "lstat", "iterdir"):
            shut.setattr(Path, name, guarded(getattr(Path, name)))
        status = collect_status(places, AlarmPolicy(), NOW)

    assert code in codes(status)
    assert page(status)


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
@pytest.mark.parametrize("name", ["work", "archive", "rejected", "contacts", "runs", "retention.jsonl"])
def test_what_cannot_be_read_is_no_quiet_home(name: str, mode: int, places: Locations) -> None:
    """A folder whose content nobody can see, or the log of sweeps, is an alarm, and there is a page."""
    swept(places, NOW)
    for folder in (places.archive, places.rejected, places.contacts, places.runs):
        (make_folder(folder) / "x").touch()
    (make_folder(places.work) / "x.csv.sha256").touch()
    assert codes(look(places)) == []
    path = places.home / name
    path.chmod(mode if path.is_dir() else 0)
    with bound_by_rights():
        status = collect_status(places, AlarmPolicy(), NOW)
    path.chmod(0o700)

    assert "home_unreadable" in codes(status)
    (message,) = (alarm.message for alarm in status.alarms if alarm.code == "home_unreadable")
    assert message.startswith(f"'{path}' cannot be used: Permission denied. It belongs to ")
    assert page(status)


def test_a_champion_that_cannot_be_read(places: Locations) -> None:
    """Bundles of another account are an alarm on the page, not the end of it."""
    bundles = places.registry / "bundles"
    bundles.chmod(0)
    with bound_by_rights():
        status = collect_status(places, AlarmPolicy(), NOW)
    bundles.chmod(0o700)

    assert "champion_damaged" in codes(status)
    assert page(status)


def test_the_lock_of_another_account(places: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that cannot be opened does not stop the status."""
    with locked(places.work):
        pass
    open_it = os.open

    def guarded(path: Path, flags: int, *rest: int) -> int:
        if Path(path).name == ".lock":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return open_it(path, flags, *rest)

    monkeypatch.setattr(os, "open", guarded)

    assert not collect_status(places, AlarmPolicy(), NOW).running


def test_a_sidecar_whose_extract_never_came(places: Locations) -> None:
    """One that waits longer than an extract may is an alarm: other bytes may have been scored."""
    for name in ("crm.csv.sha256", "other.csv", "other.csv.sha256"):
        (places.inbox / name).touch()
    now = datetime.now(tz=UTC)

    assert "sidecar_waits" not in codes(look(places, now + timedelta(hours=29)))
    status = look(places, now + timedelta(hours=31))

    (said,) = (alarm.message for alarm in status.alarms if alarm.code == "sidecar_waits")
    assert "without their extracts: 1, the oldest for 31 hours" in said


def test_unfinished_uploads_wait_and_the_alarm_says_why(places: Locations) -> None:
    """They are counted on the page and in the alarm of extracts that wait, with what to do about them."""
    (places.inbox / "crm.csv.part").touch()
    now = datetime.now(tz=UTC)

    status = look(places, now + timedelta(hours=29))
    assert "extract_waits" not in codes(status)
    assert (status.inbox.extracts, status.inbox.unfinished, status.work.unfinished) == (1, 1, 0)
    assert "the oldest for 29.0 hours, 1 with the name of an unfinished upload" in " ".join(
        page(status).split()
    )
    (said,) = _waiting_alarms(look(places, now + timedelta(hours=31)))
    assert "1 of them have the name of an unfinished upload" in said
    assert "score_flow" not in said
    assert "crm" not in said

    (places.inbox / "crm.csv").touch()
    (said,) = _waiting_alarms(look(places, now + timedelta(hours=31)))
    assert "in inbox/: 2" in said
    assert "rename or delete them. Run python flows/score_flow.py" in said


def _waiting_alarms(status: Status) -> list[str]:
    return [alarm.message for alarm in status.alarms if alarm.code == "extract_waits"]


def test_what_was_rejected_lately(places: Locations) -> None:
    """Reasons of the last days are shown, whatever characters they hold; older ones are not."""
    for number, age in enumerate((1, 6, 8)):
        place = places.rejected / (f"{number}" * 16)
        place.mkdir(parents=True)
        (place / "reason.txt").write_bytes(b"extract 'Mary Smith.csv' is no CSV. Send it again.\n")
        (place / "status.txt").write_bytes(b"extract 'a\x1b[31m' is no \xff. Send it again.\n")
        seconds = (NOW - timedelta(days=age)).timestamp()
        os.utime(place / "reason.txt", (seconds, seconds))
    (places.rejected / "empty").mkdir()

    status = look(places)

    assert codes(status) == ["extract_rejected"]
    assert [each.place[0] for each in status.rejected] == ["0", "1"]
    assert "extract 'a?[31m' is no" in page(status)


def test_no_sweep_for_days(places: Locations) -> None:
    """The last line of the log that can be read counts, whatever has expired."""
    swept(places, NOW - timedelta(days=30))
    swept(places, NOW - timedelta(days=7))
    with places.retention_log.open("ab") as log:
        log.write(b'{"at": "2026-')
    assert codes(look(places)) == []

    status = look(places, NOW + timedelta(seconds=1))

    assert codes(status) == ["sweep_overdue"]
    assert "the last sweep was 7 days ago; expected at most 7." in status.alarms[0].message
    assert codes(look(places, NOW + timedelta(seconds=1), max_sweep_days=8)) == []


def test_a_home_that_was_never_swept(places: Locations) -> None:
    """Only what has expired by days is an alarm: a new home has nothing to sweep."""
    extract = places.archive / "2025-11-27-0123456789abcdef.csv"
    make_folder(places.archive)
    extract.touch()
    assert codes(look(places)) == []
    extract.rename(extract.with_name("2025-11-26-0123456789abcdef.csv"))

    status = look(places)

    assert codes(status) == ["sweep_overdue"]
    assert "no sweep has run; expired for more than 7 days: 1." in status.alarms[0].message


def test_a_disk_nearly_full(places: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less free space than the policy's share is an alarm."""
    monkeypatch.setattr(observe.shutil, "disk_usage", lambda _: Usage(1_000, 901, 99))

    status = look(places)

    assert codes(status) == ["disk_nearly_full"]
    assert "9.9% of the disk is free; expected 10% or more" in status.alarms[0].message
    assert codes(look(places, min_free_share=0.09)) == []


def test_superseded_nights_and_a_run_under_way(places: Locations) -> None:
    """A corrected extract's night is marked, and so is that a run holds the lock."""
    publish_scores(places.scores, date(2026, 3, 2), "9" * 16, NOW)
    swap_latest(places.scores, BUNDLE)
    with locked(places.work):
        status = look(places)

    assert status.running
    assert [(night.latest, night.superseded) for night in status.nights] == [
        (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert ", a run is scoring" in page(status)


def test_nights_read_again_by_other_settings(places: Locations) -> None:
    """Of the same extract and bundle, the last reading counts; another bundle's scores are not superseded."""
    day, strict = date(2026, 3, 5), ScoringInputs.of(IngestConfig(max_quarantined_share=0.01))
    nights = [(BUNDLE, INPUTS), (BUNDLE, strict), ("7" * 16, INPUTS)]
    folders = [
        publish_scores(
            places.scores, day, "9" * 16, NOW + timedelta(hours=hour), bundle=bundle, inputs=inputs
        )
        for hour, (bundle, inputs) in enumerate(nights)
    ]

    superseded = {night.folder: night.superseded for night in look(places).nights}

    assert [superseded[folder.name] for folder in folders] == [True, False, False]


def test_the_page_shows_the_operators_times(places: Locations) -> None:
    """The JSON has instants in UTC, with the zone; the page converts them, and no day is UTC's."""
    place = make_folder(places.rejected / "one")
    (place / "reason.txt").touch()
    at = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    os.utime(place / "reason.txt", (at.timestamp(), at.timestamp()))

    status = look(places, NOW.astimezone(ZoneInfo("Pacific/Auckland")))
    text = page(status)

    assert (status.timezone, status.at.isoformat()) == ("Pacific/Auckland", "2026-03-04T04:00:00+00:00")
    assert text.startswith("TelcoNova churn, 2026-03-04 17:00 Pacific/Auckland")
    assert "2026-03-04 12:30 one:" in text


def test_simulated_nights_say_so(places: Locations) -> None:
    """Scores of or by simulated customers are never shown as if they were real."""
    assert "SIMULATED" not in page(look(places))

    publish_scores(places.scores, date(2026, 3, 3), "9" * 16, NOW, bundle_simulated=True)

    assert "  of SIMULATED customers: 2026-03-03" in page(look(places)).splitlines()


def test_the_page_names_no_customer_and_no_sender(tmp_path: Path) -> None:
    """Names of files that wait are counted, not shown."""
    drain = Drain(tmp_path)
    drain.deliver("0612345678.csv", b"")

    status = look(drain.places)

    assert "0612345678" not in page(status) + json.dumps(status.model_dump(mode="json"))


@pytest.mark.parametrize("name", [".sha256", "..sha256", "...sha256"])
def test_a_file_called_like_a_sidecar_of_nothing(places: Locations, name: str) -> None:
    """It is hidden like any other hidden file; the page is there."""
    (places.inbox / name).write_bytes(b"x")

    assert codes(look(places)) == []


def test_ids_are_whole_on_a_narrow_terminal(places: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are as long as their content needs; the terminal wraps them."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")

    print_page(look(places), screen)

    assert "2" * 16 in screen.getvalue()
    assert BUNDLE in screen.getvalue()
