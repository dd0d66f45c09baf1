"""Tell which day an extract speaks of, and so in which order a backlog is scored."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from tasks.core.delivered_file import ExtractPath, unreadable
from tasks.core.errors import ConfigError, ExtractError, UnnamedError, naming
from tasks.core.extract.dates import as_of_date

FIRST_DAY: Final = date(2000, 1, 1)
"""Before it, a day is a clock that was never set: names are only read from then on."""


def date_of(given: ExtractPath, asked: date | None, today: date) -> date:
    """Find the day an extract speaks of.

    Raises:
        ConfigError: the operator asks for an impossible day, or named a file that is not there.
        ExtractError: the name holds two days or one that cannot be read, or the day lies in the future or
            before 2000.
    """
    path = given.path
    with naming(given.label):
        try:
            modified = datetime.fromtimestamp(path.lstat().st_mtime, tz=UTC).date()
        except OSError as error:
            raise unreadable(error) from None
        except (OverflowError, ValueError):
            modified = date.max if path.lstat().st_mtime > 0 else date.min
        day = as_of_date(path.name, asked=asked, modified=modified, today=today)
        if day >= FIRST_DAY:
            return day
        if asked is not None:
            raise ConfigError(
                f"--as-of {asked} is before {FIRST_DAY}; expected the day the extract speaks of."
            )
        raise UnnamedError(
            f"has no date in its name, and its file is of {day}, before {FIRST_DAY}."
            " Put the day into its name, as in crm_2026-03-01.csv, or say --as-of."
        )


def oldest_first(paths: list[Path], today: date) -> list[Path]:
    """Order a backlog by day, then by the file's last change, then by name; what has no day goes first."""
    return sorted(paths, key=lambda path: (_day(path, today), path.lstat().st_mtime_ns, path.name))


def _day(path: Path, today: date) -> date:
    try:
        return date_of(ExtractPath(path, delivered=True), None, today)
    except ExtractError:
        return date.min
