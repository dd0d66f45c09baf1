from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from schemas.retention import Item, Kind
from tasks.core.operations.retention_log import append_log, count_deletions, last_sweep, read_log

NOW = datetime(2026, 6, 30, 5, tzinfo=UTC)


def item(kind: Kind, day: int | None, size: int = 2) -> Item:
    """Make an expired item of a day in January."""
    return Item(kind=kind, path=Path("x"), day=date(2026, 1, day) if day else None, bytes=size)


def test_a_line_says_what_went_and_what_did_not() -> None:
    """By kind: number, days and bytes of deletions, and how many failed."""
    gone = [item("runs", None), item("archive", 2), item("archive", 1, 3)]

    lines = count_deletions(gone, NOW, failed=["archive", "scores", "scores"])

    assert [(line.kind, line.deleted, line.failed, line.bytes) for line in lines] == [
        ("archive", 2, 1, 5),
        ("rejected", 0, 0, 0),
        ("scores", 0, 2, 0),
        ("runs", 1, 0, 2),
        ("truth", 0, 0, 0),
        ("contacts", 0, 0, 0),
        ("proposals", 0, 0, 0),
        ("campaigns", 0, 0, 0),
        ("prefect_files", 0, 0, 0),
    ]
    assert (lines[0].oldest, lines[0].newest) == (date(2026, 1, 1), date(2026, 1, 2))
    assert (lines[3].oldest, lines[3].newest) == (None, None)


def test_a_kind_that_cannot_be_read_is_marked() -> None:
    """Its zero differs from that of a kind without anything expired."""
    assert [line.kind for line in count_deletions([], NOW, unreadable={"archive"}) if line.unreadable] == [
        "archive"
    ]
    assert not any(line.unreadable for line in count_deletions([], NOW))


def test_the_last_line_that_can_be_read_dates_the_last_sweep(tmp_path: Path) -> None:
    """A broken last line is passed over; without a log, or a line in it, there was no sweep."""
    log = tmp_path / "retention.jsonl"
    assert last_sweep(log, NOW) is None
    log.write_bytes(b"{\n")
    assert last_sweep(log, NOW) is None
    append_log(log, count_deletions([], NOW - timedelta(days=1)))
    append_log(log, count_deletions([], NOW))
    with log.open("ab") as file:
        file.write(b'{"at": "2030-')

    assert last_sweep(log, NOW) == NOW


def test_a_sweep_dated_later_than_now_is_passed_over(tmp_path: Path) -> None:
    """Lines with future dates are ignored once the clock is corrected."""
    log = tmp_path / "retention.jsonl"
    append_log(log, count_deletions([], NOW))
    append_log(log, count_deletions([], NOW + timedelta(days=90)))

    assert last_sweep(log, NOW + timedelta(days=1)) == NOW
    assert last_sweep(log, NOW - timedelta(days=1)) is None


def test_a_line_that_a_power_cut_broke_spoils_no_other(tmp_path: Path) -> None:
    """Lines appended after half a line are read, and the half line is skipped."""
    log = tmp_path / "retention.jsonl"
    append_log(log, count_deletions([], NOW))
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 9)
    append_log(log, (added := count_deletions([item("runs", 1)], NOW + timedelta(days=1))))

    assert list(read_log(log))[::-1] == count_deletions([], NOW)[:8] + added
    assert log.stat().st_mode & 0o777 == 0o600
