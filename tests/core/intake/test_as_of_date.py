import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PosixPath
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.core.errors import ConfigError, ExtractError, UnnamedError
from tasks.core.intake.as_of_date import as_of_date, date_of, oldest_first
from tasks.core.intake.delivered_file import ExtractPath

NOW = datetime(2026, 3, 20, tzinfo=UTC)
MODIFIED, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)
THEN = datetime(2026, 3, 2, tzinfo=UTC)


def drop(folder: Path, name: str, seconds: float) -> Path:
    """Make a file with the given modification time, in seconds since 1970."""
    path = folder / name
    path.touch()
    os.utime(path, (seconds, seconds))
    return path


def day_of(path: Path, asked: date | None = None) -> date:
    """Date a file that the operator named."""
    return date_of(ExtractPath(path, delivered=False), asked, NOW)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1970-01-01"), (86_400 * 365, "1971-01-01"), (-86_400, "1969-12-31"), (4e9, "in the future")],
)
def test_a_clock_that_was_never_set_dates_nothing(seconds: float, expected: str, tmp_path: Path) -> None:
    """A file of before 2000 or of the future, without a date in its name, is refused."""
    with pytest.raises(ExtractError, match=f"^extract 'crm.csv'.*{expected}"):
        day_of(drop(tmp_path, "crm.csv", seconds))


class Beyond(PosixPath):
    """A file whose modification time is beyond any calendar, as some file systems allow."""

    seconds = 0.0

    def lstat(self) -> Any:
        """Return the modification time."""
        return SimpleNamespace(st_mtime=self.seconds)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1e12, "9999-12-31, which is in the future"),
        (1e300, "9999-12-31, which is in the future"),
        (-1e12, "on 0001-01-01, before"),
    ],
)
def test_a_change_beyond_the_calendar_is_of_its_last_or_first_day(seconds: float, expected: str) -> None:
    """It is refused like other impossible days; a date in the name takes precedence."""
    undated, dated = Beyond("crm.csv"), Beyond("crm_2026-03-01.csv")
    undated.seconds = dated.seconds = seconds

    with pytest.raises(ExtractError, match=f"^extract 'crm.csv'.*{expected}"):
        day_of(undated)
    assert day_of(dated) == date(2026, 3, 1)


def test_what_is_not_there_has_no_day(tmp_path: Path) -> None:
    """The message says that it cannot be read."""
    with pytest.raises(ConfigError, match=r"^extract 'crm.csv' cannot be read: No such file"):
        day_of(tmp_path / "crm.csv")


def test_a_delivered_file_is_refused_by_a_hash_of_its_name(tmp_path: Path) -> None:
    """Its own name may hold personal data."""
    given = ExtractPath(drop(tmp_path, "Mary Smith.csv", 0), delivered=True)

    with pytest.raises(ExtractError, match=f"^extract '{given.alias}' has no date in its name"):
        date_of(given, None, NOW)


def test_a_name_or_the_operator_dates_such_a_file(tmp_path: Path) -> None:
    """A date in the name precedes the file's, the operator's precedes both; neither may be before 2000."""
    assert day_of(drop(tmp_path, "crm_2026-03-01.csv", 0)) == date(2026, 3, 1)
    assert day_of(drop(tmp_path, "crm.csv", 0), date(2026, 3, 2)) == date(2026, 3, 2)
    with pytest.raises(ConfigError, match="--as-of 1970-01-01 is before 2000-01-01"):
        day_of(drop(tmp_path, "crm.csv", 0), date(1970, 1, 1))


def test_a_backlog_is_ordered_by_day_then_arrival_then_name(tmp_path: Path) -> None:
    """The oldest day is first, whenever it arrived; within a day, the first arrival."""
    march = 1_772_582_400  # 2026-03-04
    expected = [
        drop(tmp_path, "2026-03-01_and_2026-03-02.csv", march),
        drop(tmp_path, "z_2026-03-01.csv", march),
        drop(tmp_path, "b_2026-03-02.csv", march - 9),
        drop(tmp_path, "a_2026-03-02.csv", march),
        drop(tmp_path, "c_2026-03-02.csv", march),
        drop(tmp_path, "undated.csv", march),
    ]

    assert oldest_first(sorted(expected), NOW) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crm.csv", MODIFIED),
        ("crm_2026-02-28.csv", date(2026, 2, 28)),
        ("20260228_crm.csv", date(2026, 2, 28)),
        ("crm-2026_02_28-v2.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_20260228.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_batch_20261500.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_01-02-2026.csv", date(2026, 2, 28)),
        ("crm_20269901.csv", MODIFIED),
        ("crm_10-30-00.csv", MODIFIED),
        ("crm_20260228235959.csv", date(2026, 2, 28)),
        ("crm_202602280400.csv", date(2026, 2, 28)),
        ("crm_20260228235959123.csv", date(2026, 2, 28)),
        ("crm_120260228.csv", MODIFIED),
        ("crm_2026-0228.csv", MODIFIED),
    ],
)
def test_the_name_goes_before_the_file(name: str, expected: date) -> None:
    """A whole date in the name is taken, in any usual spelling; otherwise the file's day."""
    assert as_of_date(name, asked=None, modified=MODIFIED, now=THEN) == expected


def test_the_operator_goes_before_the_name() -> None:
    """What is asked for wins."""
    asked = date(2025, 1, 1)

    assert as_of_date("crm_2026-02-28.csv", asked=asked, modified=MODIFIED, now=THEN) == asked


@pytest.mark.parametrize(
    ("name", "asked", "modified", "error"),
    [
        ("crm_2026-03-03.csv", None, MODIFIED, UnnamedError),
        ("crm.csv", None, date(2026, 3, 3), UnnamedError),
        ("crm.csv", date(2026, 3, 3), MODIFIED, ConfigError),
        ("crm_2026-02-01_2026-02-28.csv", None, MODIFIED, UnnamedError),
    ],
)
def test_the_future_and_two_dates_are_refused(
    name: str, asked: date | None, modified: date, error: type[Exception]
) -> None:
    """A future day, or two days, are refused instead of guessed."""
    with pytest.raises(error):
        as_of_date(name, asked=asked, modified=modified, now=THEN)


@pytest.mark.parametrize(
    ("name", "what_to_do"),
    [
        ("crm_2026-02-01_2026-02-28.csv", "Rename it with one date, or pass --as-of."),
        ("crm_2026-03-03.csv", "Rename it, or pass --as-of, or set timezone to your own."),
        ("crm_2026-03-04.csv", "Rename it, or pass --as-of."),
    ],
)
def test_sender_and_operator_are_told_what_to_do(name: str, what_to_do: str) -> None:
    """Either can act; only a day that may have begun elsewhere is put down to the time zone."""
    with pytest.raises(UnnamedError) as error:
        as_of_date(name, asked=None, modified=MODIFIED, now=THEN)

    assert str(error.value).endswith(f". {what_to_do}")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("crm_2026-13-01.csv", "does not exist"),
        ("crm_1999-12-31.csv", "not between 2000 and 2099"),
        ("crm_19991231.csv", "not between 2000 and 2099"),
        ("crm_2100-01-01.csv", "not between 2000 and 2099"),
        ("crm_2026-11-5.csv", "is incomplete"),
        ("crm_5-11-2026.csv", "Write the day as YYYY-MM-DD"),
        ("crm_05112026.csv", "Write the day as YYYY-MM-DD"),
        ("crm_2026-02-30.csv", "does not exist"),
        ("crm_2026_99_99.csv", "does not exist"),
        ("20260230_crm.csv", "does not exist"),
        ("crm_2026-02-30_2026-02-31.csv", "does not exist"),
        ("crm_01-11-2026.csv", "Write the day as YYYY-MM-DD"),
        ("crm_11.30.2025.csv", "Write the day as YYYY-MM-DD"),
        ("crm_30_11_2025.csv", "Write the day as YYYY-MM-DD"),
    ],
)
def test_a_day_that_cannot_be_read_is_refused(name: str, why: str) -> None:
    """The file's day never silently replaces a date in the name; the name is not shown."""
    with pytest.raises(UnnamedError, match=why) as error:
        as_of_date(name, asked=None, modified=MODIFIED, now=THEN)

    assert str(error.value).startswith("has a date in its name")
    assert "\n" not in str(error.value)
    assert name not in str(error.value)
    assert as_of_date(name, asked=MODIFIED, modified=NEXT_DAY, now=THEN) == MODIFIED


@pytest.mark.parametrize(
    ("zone", "instant", "today"),
    [
        ("Europe/Paris", "2026-01-31T22:59:59", "2026-01-31"),
        ("Europe/Paris", "2026-01-31T23:00:00", "2026-02-01"),
        ("Europe/Paris", "2026-07-31T21:59:59", "2026-07-31"),
        ("Europe/Paris", "2026-07-31T22:00:00", "2026-08-01"),
        ("Europe/Paris", "2026-03-28T22:59:59", "2026-03-28"),
        ("Europe/Paris", "2026-03-28T23:00:00", "2026-03-29"),
        ("Europe/Paris", "2026-03-29T21:59:59", "2026-03-29"),
        ("Europe/Paris", "2026-03-29T22:00:00", "2026-03-30"),
        ("Europe/Paris", "2026-10-24T22:00:00", "2026-10-25"),
        ("Europe/Paris", "2026-10-25T22:59:59", "2026-10-25"),
        ("Europe/Paris", "2026-10-25T23:00:00", "2026-10-26"),
        ("Pacific/Kiritimati", "2026-03-01T09:59:59", "2026-03-01"),
        ("Pacific/Kiritimati", "2026-03-01T10:00:00", "2026-03-02"),
        ("Pacific/Pago_Pago", "2026-03-01T10:59:59", "2026-02-28"),
        ("Pacific/Pago_Pago", "2026-03-01T11:00:00", "2026-03-01"),
    ],
)
def test_days_are_those_of_the_operator(zone: str, instant: str, today: str, tmp_path: Path) -> None:
    """Around midnight, on both days of a clock change, in the far east and in the far west.

    A file's modification day is the operator's, too; tomorrow's extract is refused with the operator's day.
    """
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    now, day = at.astimezone(ZoneInfo(zone)), date.fromisoformat(today)
    tomorrow = day + timedelta(days=1)

    def dated(name: str) -> date:
        return date_of(ExtractPath(drop(tmp_path, name, at.timestamp()), delivered=False), None, now)

    assert dated("crm.csv") == dated(f"crm_{day}.csv") == day
    with pytest.raises(ExtractError, match=rf"dated {tomorrow}, .*future: today is {day} \({zone}\)"):
        dated(f"crm_{tomorrow}.csv")
