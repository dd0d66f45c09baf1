"""Find the contact lists that the CRM exports, and how old they are, without reading a row."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from schemas.contact_lists import ListName
from tasks.core.access import cause_of
from tasks.core.errors import ConfigError
from tasks.core.intake.as_of_date import named_days

_ONE_HOUR: Final = timedelta(hours=1)
_CLOCKS_APART: Final = timedelta(hours=1)
"""How far the clocks of two machines may differ."""


def find_list(name: ListName, given: Path, max_age_hours: int, now: datetime) -> tuple[Path, date]:
    """Find a list, in a folder the newest of its name (`objections_2026-03-01.csv`), and its day.

    Raises:
        ConfigError: it is missing, cannot be read or is too old, or the day in its name is impossible.
    """
    try:
        files = [each for each in given.iterdir() if _is_list(name, each)] if given.is_dir() else [given]
        dated = [(*_changed(each, now), each) for each in files]
    except OSError as error:
        raise ConfigError(
            f"contacts.{name}: '{given}' cannot be read: {error.strerror}. Nobody is scored without the list;"
            " correct the path, or have the CRM export it."
        ) from None
    if not dated:
        raise ConfigError(
            f"contacts.{name}: the folder '{given}' has no {name}*.csv. Nobody is scored without the list;"
            " have the CRM export it."
        )
    changed, day, path = max(dated)
    with reading_list(name, path):
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # a pipe would wait for its writer
    hours = (now.astimezone(UTC) - changed.astimezone(UTC)) / _ONE_HOUR  # a day may have 23 or 25
    if hours > max_age_hours:
        raise ConfigError(
            f"contacts.{name}: '{path}' is {hours:.0f} hours old; the limit is {max_age_hours}"
            " (contacts.max_age_hours). Nobody is scored by it; have the CRM export a new one."
        )
    return path, day


@contextmanager
def reading_list(name: ListName, path: Path) -> Iterator[None]:
    """Turn an error of a list's file into one line for the operator.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"contacts.{name}: {cause_of(error, path)} Nobody is scored without it.") from None


def hours_since(day: date, now: datetime) -> float:
    """Return the hours since the end of a day, in the clock's time zone."""
    return (now.astimezone(UTC) - _end_of(day, now).astimezone(UTC)) / _ONE_HOUR


def _is_list(name: ListName, path: Path) -> bool:
    return path.name.startswith(name) and path.suffix == ".csv" and path.is_file()


def _changed(path: Path, now: datetime) -> tuple[datetime, date]:
    """Return the end of the day in a list's name, or else when it changed; and that day.

    Raises:
        ConfigError: its name has several days, or one in the future.
        OSError: there is no such file.
    """
    changed = datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)
    days = named_days(path.name)
    if len(days) > 1 or max(days, default=now.date()) > now.date():
        raise ConfigError(
            f"the contact list '{path}' has a day in the future, or several, in its name; today is"
            f" {now.date()}. Rename it with the day on which it was exported."
        )
    if not days:
        if changed > now + _CLOCKS_APART:
            raise ConfigError(
                f"the contact list '{path}' was changed at {changed:%Y-%m-%d %H:%M}, which is in the future,"
                " so its age is unknown. Export it again."
            )
        return changed, changed.date()
    day = days.pop()
    return min(_end_of(day, now), now), day


def _end_of(day: date, now: datetime) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=now.tzinfo)
