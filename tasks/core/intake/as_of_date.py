"""Find the day an extract describes, which also decides the order in which a backlog is scored.

The operator passes it, or the file's name contains it, or it is the day the file was last modified.
"""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from tasks.core.errors import ConfigError, ExtractError, UnnamedError, naming
from tasks.core.intake.delivered_file import ExtractPath, unreadable

FIRST_DAY: Final = date(2000, 1, 1)
"""An earlier day comes from a clock that was never set, so dates in names are only accepted from here on."""

_ONE_DAY: Final = timedelta(days=1)
"""What another time zone can be ahead."""
_TIME: Final = "(?:[0-2][0-9][0-5][0-9](?:[0-5][0-9](?:[0-9]{3}){0,2})?)?"
_DATE: Final = re.compile(rf"(?<![0-9])(20[0-9]{{2}})([-_.]?)([01][0-9])\2([0-3][0-9]){_TIME}(?![0-9])")
"""A day, perhaps with a time right after it, down to microseconds."""
_IMPOSSIBLE: Final = re.compile(
    r"(?<![0-9])(?:19|20|21)[0-9]{2}(?:([-_. ])[0-9]{1,2}\1[0-9]{1,2}|[01][0-9][0-3][0-9])(?![0-9])"
)
"""Looks like a date; searched for only if no real date was found."""
_DAY_OR_MONTH_FIRST: Final = re.compile(
    r"(?<![0-9])(?:[0-3]?[0-9]([-_. ])[0-3]?[0-9]\1|[0-3][0-9][01][0-9])20[0-9]{2}(?![0-9])"
)


def date_of(given: ExtractPath, asked: date | None, now: datetime) -> date:
    """Find the day an extract describes; days are those of the clock's time zone.

    Raises:
        ConfigError: the operator passes an impossible day, or a path that does not exist.
        ExtractError: the name has two dates or an unreadable one, or the day is in the future or
            before 2000.
    """
    path = given.path
    with naming(given.alias):
        try:
            modified = datetime.fromtimestamp(path.lstat().st_mtime, tz=now.tzinfo).date()
        except OSError as error:
            raise unreadable(error) from None
        except (OverflowError, ValueError):
            modified = date.max if path.lstat().st_mtime > 0 else date.min
        day = as_of_date(path.name, asked=asked, modified=modified, now=now)
        if day >= FIRST_DAY:
            return day
        if asked is not None:
            raise ConfigError(
                f"--as-of {asked} is before {FIRST_DAY}; expected the day the extract describes."
            )
        raise UnnamedError(
            f"has no date in its name, and was last modified on {day}, before {FIRST_DAY}."
            " Put the date in its name, as in crm_2026-03-01.csv, or pass --as-of."
        )


def as_of_date(name: str, *, asked: date | None, modified: date, now: datetime) -> date:
    """Determine the as-of date of a file called `name`, last modified on `modified`.

    Raises:
        ConfigError: the operator passes a day in the future.
        UnnamedError: the name has two dates, one that does not exist, or one whose day and month are
            ambiguous; or the day is in the future.
    """
    today, where = now.date(), f"today is {now:%Y-%m-%d} ({now.tzinfo})"
    if asked is not None:
        if asked > today:
            raise ConfigError(f"--as-of {asked} is in the future: {where}. Pass that day or an earlier one.")
        return asked
    named = named_days(name)
    if len(named) > 1:
        raise UnnamedError(f"has {len(named)} dates in its name. Rename it with one date, or pass --as-of.")
    if not named:
        _refuse_unreadable_day(name)
    day = named.pop() if named else modified
    if day > today:
        zone = ", or set timezone to your own" if day - today == _ONE_DAY else ""
        raise UnnamedError(
            f"is dated {day}, which is in the future: {where}. Rename it, or pass --as-of{zone}."
        )
    return day


def named_days(name: str) -> set[date]:
    """Find the days in a file's name; without one, the extract gets the day of the file's modification."""
    return {day for match in _DATE.finditer(name) if (day := _day(match)) is not None}


def _refuse_unreadable_day(name: str) -> None:
    """Reject a name with an unreadable date, instead of silently using the file's modification day."""
    if _IMPOSSIBLE.search(name):
        raise UnnamedError(
            "has a date in its name that does not exist, is incomplete, or is not between 2000 and 2099."
            " Rename it to a real YYYY-MM-DD, or pass --as-of."
        )
    if _DAY_OR_MONTH_FIRST.search(name):
        raise UnnamedError(
            "has a date in its name that could be day or month first."
            " Write the day as YYYY-MM-DD, or pass --as-of."
        )


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def oldest_first(paths: list[Path], now: datetime) -> list[Path]:
    """Order a backlog by day, then by modification time, then by name; undatable extracts go first."""
    return sorted(paths, key=lambda path: (_day_or_first(path, now), path.lstat().st_mtime_ns, path.name))


def _day_or_first(path: Path, now: datetime) -> date:
    try:
        return date_of(ExtractPath(path, delivered=True), None, now)
    except ExtractError:
        return date.min
