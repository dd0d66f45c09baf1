from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tasks.core.proof import last_sweep, prove, take_back, write_proof
from tasks.core.retention import Expired

NOW = datetime(2026, 6, 30, 5, tzinfo=UTC)


def test_what_was_proven_and_stayed_is_taken_back(tmp_path: Path) -> None:
    """Deleted less failed is what went, kind by kind."""
    path = tmp_path / "2026-01-01-x.csv"
    path.write_bytes(b"xx")
    runs = Expired("runs", path, None)
    archived = [Expired("archive", path, date(2026, 1, day)) for day in (1, 2)]

    lines = prove([runs, *archived], NOW) + take_back(archived[1:], NOW)

    assert [(line.kind, line.deleted, line.failed) for line in lines if line.deleted or line.failed] == [
        ("archive", 2, 0),
        ("runs", 1, 0),
        ("archive", 0, 1),
    ]
    assert (lines[-1].oldest, lines[-1].newest, lines[-1].bytes) == (date(2026, 1, 2), date(2026, 1, 2), 2)


def test_a_kind_that_cannot_be_read_is_marked() -> None:
    """Its zero is told from that of a kind of which nothing is past its time."""
    assert [line.kind for line in prove([], NOW, {"archive"}) if line.unreadable] == ["archive"]
    assert not any(line.unreadable for line in prove([], NOW))


def test_the_last_line_that_can_be_read_dates_the_last_sweep(tmp_path: Path) -> None:
    """A broken last line is passed over; without a log, or a line in it, there was no sweep."""
    log = tmp_path / "retention.jsonl"
    assert last_sweep(log, NOW) is None
    log.write_bytes(b"{\n")
    assert last_sweep(log, NOW) is None
    write_proof(log, prove([], NOW - timedelta(days=1)))
    write_proof(log, prove([], NOW))
    with log.open("ab") as file:
        file.write(b'{"at": "2030-')

    assert last_sweep(log, NOW) == NOW


def test_a_sweep_dated_later_than_now_is_passed_over(tmp_path: Path) -> None:
    """What a clock that was ahead wrote dates nothing once the clock is right."""
    log = tmp_path / "retention.jsonl"
    write_proof(log, prove([], NOW))
    write_proof(log, prove([], NOW + timedelta(days=90)))

    assert last_sweep(log, NOW + timedelta(days=1)) == NOW
    assert last_sweep(log, NOW - timedelta(days=1)) is None
