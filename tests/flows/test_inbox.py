"""The inbox, as an operator sees it, in whole nights."""

import errno
import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flows import cli
from schemas.config import ScoreConfig
from schemas.manifest import ScoresManifest
from schemas.operations import AlarmPolicy
from tasks.core.errors import CONTROL, ConfigError, ExtractError, PublishError
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import identify
from tasks.core.jobs import scoring_job
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.rights import another_file_system


@pytest.fixture
def inbox(trained_home: FlowHome) -> Path:
    """Make the inbox of a home with a champion."""
    folder = trained_home.path / "inbox"
    folder.mkdir()
    return folder


def extract_of(seed: int) -> bytes:
    """Make an extract of twenty customers."""
    return make_customers(20, seed).to_csv(index=False).encode()


def latest(home: FlowHome) -> str:
    """Return the folder that the pointer names, which must exist."""
    folder: str = json.loads((home.path / "scores" / "latest.json").read_text())["folder"]
    assert (home.path / "scores" / folder / "manifest.json").is_file()
    return folder


def test_a_backlog_is_scored_oldest_first_past_a_bad_one(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """39 days and a broken one, delivered in no order: all are scored, oldest first, by one run."""
    for seed in range(39):
        day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=seed)
        (inbox / f"{seed * 7 % 40:02d}_{day:%Y-%m-%d}.csv").write_bytes(extract_of(seed))
    (inbox / "bad_2026-01-05.csv").write_text("no extract\n")
    order: list[date] = []
    exact = scoring_job.publish_folder

    def noted(stage: Path, scores: Path, manifest: ScoresManifest) -> Path:
        order.append(manifest.as_of_date)
        return exact(stage, scores, manifest)

    monkeypatch.setattr(scoring_job, "publish_folder", noted)
    with pytest.raises(ExtractError, match="Extracts scored: 39, rejected: 1"):
        trained_home.score()

    assert len(order) == 39
    assert order == sorted(order)
    assert latest(trained_home).startswith("2026-02-08-")
    assert len(list((trained_home.path / "archive").iterdir())) == 39


def test_a_truncated_copy_is_found_by_its_sidecar(trained_home: FlowHome, inbox: Path) -> None:
    """A copy that lost its last lines is rejected with its sidecar; the whole one, resent, is scored."""
    whole = extract_of(1)
    cut = b"".join(whole.splitlines(keepends=True)[:-3])
    said = f"{sha256(whole).hexdigest()}  crm_2026-03-01.csv\n"
    for content in (cut, whole):
        (inbox / "crm_2026-03-01.csv").write_bytes(content)
        (inbox / "crm_2026-03-01.csv.sha256").write_text(said)
        if content == cut:
            with pytest.raises(ExtractError, match=r"does not match its \.sha256 file.*Send both again"):
                trained_home.score()
            (place,) = (trained_home.path / "rejected").iterdir()
            assert {path.name for path in place.iterdir()} == {
                "extract", "extract.sha256", "reason.txt", "status.txt",
            }  # fmt: skip
            assert trained_home.published() == []
    trained_home.score()

    assert len(trained_home.published()) == 1
    archived = sorted(path.name.partition(".")[2] for path in (trained_home.path / "archive").iterdir())
    assert archived == ["csv", "csv.sha256"]
    assert [path.name for path in inbox.iterdir()] == [".inbox"]


def test_an_extract_that_grows_is_left_for_the_next_night(trained_home: FlowHome, inbox: Path) -> None:
    """While a sender appends a line every 50 ms nothing is taken; once it has ended all is scored."""
    lines = extract_of(1).splitlines(keepends=True)
    path = inbox / "crm_2026-03-01.csv"
    path.write_bytes(lines[0])

    def send() -> None:
        for line in lines[1:]:
            time.sleep(0.05)
            with path.open("ab") as file:
                file.write(line)

    sender = Thread(target=send)
    sender.start()
    trained_home.score(config=ScoreConfig(settle_seconds=0.2))
    assert trained_home.published() == []
    sender.join()
    trained_home.score(config=ScoreConfig(settle_seconds=0.2))

    assert len(trained_home.scores()) == 20


@pytest.mark.parametrize(
    ("module", "name", "superseded"), [(scoring_job, "score_stream", 0), (scoring_job, "publish_folder", 1)]
)
def test_what_grows_after_it_settled_is_scored_whole_in_the_end(
    module: Any,
    name: str,
    superseded: int,
    trained_home: FlowHome,
    inbox: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sender who writes after the quiet period is detected before archiving; nothing is lost."""
    whole = extract_of(1)
    (inbox / "crm_2026-03-01.csv").write_bytes(b"".join(whole.splitlines(keepends=True)[:9]))
    original = getattr(module, name)

    def go_on(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        (trained_home.path / "work" / "crm_2026-03-01.csv").write_bytes(whole)
        return result

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(module, name, go_on)
        state = trained_home.score()
    assert "still arriving: 1" in str(state.message)
    assert len(trained_home.published()) == superseded
    trained_home.score()

    folder = trained_home.path / "scores" / latest(trained_home)
    assert len((folder / "scores.csv").read_bytes().splitlines()) == 21
    assert len(json.loads((folder / "manifest.json").read_text())["supersedes"]) == superseded
    (archived,) = (trained_home.path / "archive").iterdir()
    assert archived.read_bytes() == whole


def test_a_corrected_extract_supersedes_and_the_first_one_again_changes_nothing(
    trained_home: FlowHome, inbox: Path
) -> None:
    """v1, v2, v1 of one day: two folders, the second names the first, and the latest stays the second."""
    said = []
    for seed in (1, 2, 1):
        (inbox / "crm_2026-03-01.csv").write_bytes(extract_of(seed))
        said.append((str(trained_home.score().message), latest(trained_home)))

    (_, first), (_, second), (again, last) = said
    assert len(trained_home.published()) == 2
    assert last == second != first
    manifest = json.loads((trained_home.path / "scores" / second / "manifest.json").read_text())
    assert manifest["supersedes"] == [first]
    assert again.startswith("Extracts scored: 0, rejected: 0, scored before: 1.")


def test_an_unmounted_inbox_is_not_an_empty_night(trained_home: FlowHome, inbox: Path) -> None:
    """A folder that lost its mark stops the run with code 10, and nothing in it is touched."""
    trained_home.score()
    (inbox / ".inbox").unlink()
    (inbox / "crm_2026-03-01.csv").write_bytes(extract_of(1))

    with pytest.raises(ConfigError, match="may not be mounted") as error:
        trained_home.score()

    assert error.value.exit_code == 10
    assert [path.name for path in inbox.iterdir()] == ["crm_2026-03-01.csv"]


def test_an_empty_night_says_when_scores_are_stale(trained_home: FlowHome, inbox: Path) -> None:
    """It ends Completed as *Stale* when the newest scores are too old, and plainly while they are not."""
    assert trained_home.score().name == "Completed"
    three_days_ago = (datetime.now(tz=UTC) - timedelta(days=3)).date()
    (inbox / f"crm_{three_days_ago}.csv").write_bytes(extract_of(1))
    week = ScoreConfig(settle_seconds=0, alarms=AlarmPolicy(max_age_hours=168))

    assert trained_home.score(config=week).name == "Completed"
    state = trained_home.score()

    assert state.is_completed()
    assert state.name == cli.STALE
    assert f"the newest scores are for {three_days_ago}" in str(state.message)


@pytest.mark.parametrize(("days_ago", "name"), [(0, cli.DRIFTED), (3, cli.STALE_AND_DRIFTED)])
def test_a_night_of_other_customers_is_told(
    trained_home: FlowHome, inbox: Path, days_ago: int, name: str
) -> None:
    """Customers with a tenure that training never saw are scored, and the night's state names them.

    Staleness does not hide them: the next night is stale again, but scores nobody who drifted.
    """
    customers = make_customers(200)
    customers.loc[:40, ["tenure", "MonthlyCharges", "TotalCharges"]] = [110.0, 50.0, 5_500.0]
    day = datetime.now(tz=UTC).date() - timedelta(days=days_ago)
    customers.to_csv(inbox / f"crm_{day}.csv", index=False)

    state = trained_home.score()

    assert state.is_completed()
    assert state.name == name
    assert "are outside the champion's training domain" in str(state.message)
    assert len(trained_home.scores()) == 200


def test_a_rejected_extract_hides_no_drift(trained_home: FlowHome, inbox: Path) -> None:
    """The other extracts are reported with the rejection; scores of an older day are not judged."""
    customers = make_customers(200)
    customers.loc[:40, ["tenure", "MonthlyCharges", "TotalCharges"]] = [110.0, 50.0, 5_500.0]
    customers.to_csv(inbox / "crm_2026-03-02.csv", index=False)
    (inbox / "bad_2026-03-01.csv").write_text("no extract\n")

    with pytest.raises(ExtractError, match=r"rejected: 1.*ended .* hours ago.*are outside the champion's"):
        trained_home.score()
    (inbox / "crm_2026-03-01.csv").write_bytes(extract_of(1))

    assert trained_home.score().name == cli.STALE


def test_what_may_not_be_moved_stops_itself_alone(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extract that can be neither taken nor filed is reported without its name; the others are scored."""
    for name in ("good_2026-03-01.csv", "Mary Smith 2026-03-02.csv"):
        (inbox / name).write_bytes(extract_of(len(name)))
    rename = Path.rename

    def guarded(path: Path, target: Path) -> Path:
        if path.name.startswith("Mary"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", guarded)
    with pytest.raises(
        PublishError, match=r"step 'archive': could not read or write a file: .*Permission denied"
    ) as raised:
        trained_home.score()

    assert "Mary" not in str(raised.value)
    assert [folder.name[:10] for folder in trained_home.published()] == ["2026-03-01", "2026-03-02"]
    assert [path.name for path in inbox.glob("[!.]*")] == ["Mary Smith 2026-03-02.csv"]


def test_what_may_not_be_deleted_from_another_disk_stops_itself_alone(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is scored in place, once, and reported every night; the others are scored and filed."""
    stays = inbox / "Mary Smith 2026-03-02.csv"
    stays.write_bytes(extract_of(1))
    another_file_system(monkeypatch, inbox, kept=stays.name)
    for night in (1, 2):
        (inbox / f"good_2026-03-0{night + 2}.csv").write_bytes(extract_of(night + 1))
        with pytest.raises(
            PublishError, match=r"step 'archive': could not read or write a file: .*not permitted"
        ) as raised:
            trained_home.score()

        assert "Mary" not in str(raised.value)
        assert len(trained_home.published()) == night + 1
        assert [path.name for path in inbox.glob("[!.]*")] == [stays.name]
        assert list((trained_home.path / "work").glob("[!.]*")) == []
        assert len(list((trained_home.path / "archive").iterdir())) == night


def test_a_late_sidecar_that_may_not_be_moved_stops_no_extract(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extracts of the night are scored and filed, and the run reports it at the end."""
    (inbox / "Mary Smith 2026-03-01.csv").write_bytes(extract_of(1))
    trained_home.score()
    late = inbox / "Mary Smith 2026-03-01.csv.sha256"
    late.write_text(sha256(extract_of(1)).hexdigest())
    (inbox / "good_2026-03-02.csv").write_bytes(extract_of(2))
    another_file_system(monkeypatch, inbox, kept=late.name)

    with pytest.raises(PublishError, match=r"cannot be moved to archive/: 1\. Fix") as raised:
        trained_home.score()

    assert "Mary" not in str(raised.value)
    assert [folder.name[:10] for folder in trained_home.published()] == ["2026-03-01", "2026-03-02"]
    assert [path.name for path in inbox.glob("[!.]*")] == [late.name]
    late_copies = (trained_home.path / "archive").glob("*.sha256")
    assert list(late_copies) == []


def test_a_truncated_copy_that_may_not_be_moved_is_not_scored(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extract that does not match its sidecar is refused in place, every night."""
    path = inbox / "crm_2026-03-01.csv"
    path.write_bytes(extract_of(1))
    path.with_name(f"{path.name}.sha256").write_text("0" * 64)
    rename = Path.rename

    def guarded(each: Path, target: Path) -> Path:
        if each == path:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return rename(each, target)

    monkeypatch.setattr(Path, "rename", guarded)
    for _ in range(2):
        with pytest.raises(PublishError, match="step 'reject': could not read or write a file"):
            trained_home.score()
        assert trained_home.published() == []


def test_a_bug_stops_one_extract_alone(
    trained_home: FlowHome, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with one extract, the others are scored; it stays in work/ and is reported."""
    for seed in (1, 2, 3):
        (inbox / f"crm_2026-03-0{seed}.csv").write_bytes(extract_of(seed))
    exact = scoring_job.publish_folder

    def broken(stage: Path, scores: Path, manifest: ScoresManifest) -> Path:
        if manifest.as_of_date == date(2026, 3, 2):
            raise ZeroDivisionError
        return exact(stage, scores, manifest)

    monkeypatch.setattr(scoring_job, "publish_folder", broken)
    with pytest.raises(ZeroDivisionError):
        trained_home.score()

    assert [folder.name[:10] for folder in trained_home.published()] == ["2026-03-01", "2026-03-03"]
    assert [path.name for path in (trained_home.path / "work").glob("[!.]*")] == ["crm_2026-03-02.csv"]


HOSTILE = [
    b"-rf",
    b"--help",
    b"=cmd|' C calc'!A0.csv",
    b"+1.csv",
    b"@SUM(A1).csv",
    b"a\nb.csv",
    b"a\r\nb.csv",
    b"a\tb.csv",
    b"\x1b[31mred.csv",
    b"\x07bell.csv",
    b"\xff\xfe.csv",
    b"caf\xe9.csv",
    b"x" * 255,
    b"\xe2\x80\xaefdp.csv",
    b"\xe2\x80\xa8line.csv",
    b"\xef\xbb\xbfbom.csv",
    b"..csv",
    b"a b.csv",
    b" .csv",
    b"~",
    b"*",
    b"?",
    b"$(id).csv",
    b"`id`.csv",
    b"%s%n.csv",
    b"{0}.csv",
    b"a;b.csv",
    b'\'"quoted".csv',
    b"con",
    b"A.csv",
    b"a.csv",
    b"%2e%2e%2fx.csv",
    b"\xf0\x9f\x92\xa5.csv",
    b"2026-03-01_2026-03-02.csv",
    b"99999999-99-99.csv",
    b"..\\x.csv",
    b"\x7f.csv",
]
"""Names a sender could give; b'..' and what holds a slash are no names."""


def test_hostile_names_harm_neither_logs_nor_paths(
    trained_home: FlowHome, inbox: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Extracts of any name are scored, or refused in one plain line; nothing is written elsewhere."""
    before = {path.name for path in trained_home.path.parent.iterdir()}
    for seed, name in enumerate(HOSTILE):
        Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_bytes(extract_of(seed))

    with pytest.raises(ExtractError) as error:
        trained_home.score()

    shown = [name for name in HOSTILE if not name.startswith(b".")]
    rejected = list((trained_home.path / "rejected").glob("*/reason.txt"))
    assert len(rejected) == 1
    assert "has 2 dates in its name" in rejected[0].read_text(encoding="utf-8")
    assert len(trained_home.published()) == len(shown) - 1
    for place in ("archive", "rejected", "scores"):
        for path in (trained_home.path / place).rglob("*"):
            path.name.encode("ascii")
    assert CONTROL.search(str(error.value)) is None
    assert "\x1b" not in capfd.readouterr().err
    assert {path.name for path in trained_home.path.parent.iterdir()} == before


@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith(b".")])
def test_a_bad_extract_of_any_name_is_refused_in_one_plain_line(name: bytes, tmp_path: Path) -> None:
    """The sender's file name cannot break, colour or reverse the message."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.mkdir()

    with pytest.raises(ExtractError, match="not a plain file") as error:
        identify(ExtractPath(path, delivered=True))

    assert CONTROL.search(str(error.value)) is None
    str(error.value).encode()
