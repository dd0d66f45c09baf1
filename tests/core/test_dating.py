import os
from datetime import date
from pathlib import Path, PosixPath
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.core.dating import date_of, oldest_first
from tasks.core.delivered_file import ExtractPath
from tasks.core.errors import ConfigError, ExtractError

TODAY = date(2026, 3, 20)


def drop(folder: Path, name: str, seconds: float) -> Path:
    """Make a file that was last changed so many seconds after 1970."""
    path = folder / name
    path.touch()
    os.utime(path, (seconds, seconds))
    return path


def day_of(path: Path, asked: date | None = None) -> date:
    """Date a file that the operator named."""
    return date_of(ExtractPath(path, delivered=False), asked, TODAY)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1970-01-01"), (86_400 * 365, "1971-01-01"), (-86_400, "1969-12-31"), (4e9, "in the future")],
)
def test_a_clock_that_was_never_set_dates_nothing(seconds: float, expected: str, tmp_path: Path) -> None:
    """A file of before 2000 or of the future, without a date in its name, is refused."""
    with pytest.raises(ExtractError, match=f"^extract 'crm.csv'.*{expected}"):
        day_of(drop(tmp_path, "crm.csv", seconds))


class Beyond(PosixPath):
    """A file whose last change no calendar reaches, as some file systems let one be."""

    seconds = 0.0

    def lstat(self) -> Any:
        """Say when it was changed."""
        return SimpleNamespace(st_mtime=self.seconds)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1e12, "9999-12-31, in the future"),
        (1e300, "9999-12-31, in the future"),
        (-1e12, "of 0001-01-01, before"),
    ],
)
def test_a_change_beyond_the_calendar_is_of_its_last_or_first_day(seconds: float, expected: str) -> None:
    """It is refused as any other such day; a date in the name goes before it."""
    undated, dated = Beyond("crm.csv"), Beyond("crm_2026-03-01.csv")
    undated.seconds = dated.seconds = seconds

    with pytest.raises(ExtractError, match=f"^extract 'crm.csv'.*{expected}"):
        day_of(undated)
    assert day_of(dated) == date(2026, 3, 1)


def test_what_is_not_there_has_no_day(tmp_path: Path) -> None:
    """Whoever named it is told that it cannot be read."""
    with pytest.raises(ConfigError, match=r"^extract 'crm.csv' cannot be read: No such file"):
        day_of(tmp_path / "crm.csv")


def test_a_delivered_file_is_refused_by_a_hash_of_its_name(tmp_path: Path) -> None:
    """Its own name may hold personal data."""
    given = ExtractPath(drop(tmp_path, "Mary Smith.csv", 0), delivered=True)

    with pytest.raises(ExtractError, match=f"^extract '{given.label}' has no date in its name"):
        date_of(given, None, TODAY)


def test_a_name_or_the_operator_dates_such_a_file(tmp_path: Path) -> None:
    """A date in the name goes before the file's, the operator's before both; neither may be before 2000."""
    assert day_of(drop(tmp_path, "crm_2026-03-01.csv", 0)) == date(2026, 3, 1)
    assert day_of(drop(tmp_path, "crm.csv", 0), date(2026, 3, 2)) == date(2026, 3, 2)
    with pytest.raises(ConfigError, match="--as-of 1970-01-01 is before 2000-01-01"):
        day_of(drop(tmp_path, "crm.csv", 0), date(1970, 1, 1))


def test_a_backlog_is_ordered_by_day_then_arrival_then_name(tmp_path: Path) -> None:
    """The oldest day goes first, whenever it came; of one day, what came first."""
    march = 1_772_582_400  # 2026-03-04
    expected = [
        drop(tmp_path, "2026-03-01_and_2026-03-02.csv", march),
        drop(tmp_path, "z_2026-03-01.csv", march),
        drop(tmp_path, "b_2026-03-02.csv", march - 9),
        drop(tmp_path, "a_2026-03-02.csv", march),
        drop(tmp_path, "c_2026-03-02.csv", march),
        drop(tmp_path, "undated.csv", march),
    ]

    assert oldest_first(sorted(expected), TODAY) == expected
