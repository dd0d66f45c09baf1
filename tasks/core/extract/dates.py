"""Find the day an extract speaks of: said by the operator, written in its name, or its file's day."""

import re
from datetime import date
from typing import Final

from tasks.core.errors import ConfigError, UnnamedError

_DATE: Final = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")
_IMPOSSIBLE: Final = re.compile(
    r"(?<![0-9])20[0-9]{2}(?:([-_.])[0-9]{2}\1[0-9]{2}|[01][0-9][0-3][0-9])(?![0-9])"
)
"""Written like a date; searched for where no date that exists was found."""
_DAY_OR_MONTH_FIRST: Final = re.compile(r"(?<![0-9])[0-3][0-9]([-_.])[0-3][0-9]\1(20[0-9]{2})(?![0-9])")


def as_of_date(name: str, *, asked: date | None, modified: date, today: date) -> date:
    """Decide the as-of date of a file called `name`, which was last changed on `modified`.

    Raises:
        ConfigError: the operator asks for a day in the future.
        UnnamedError: the name holds two days, one that does not exist, or one whose month may be taken
            for its day; or the day lies in the future.
    """
    if asked is not None:
        if asked > today:
            raise ConfigError(f"--as-of {asked} is in the future; expected {today} or earlier.")
        return asked
    named = {day for match in _DATE.finditer(name) if (day := _day(match)) is not None}
    if len(named) > 1:
        raise UnnamedError(f"has {len(named)} dates in its name. Say which with --as-of.")
    if not named:
        _refuse_unreadable_day(name)
    day = named.pop() if named else modified
    if day > today:
        raise UnnamedError(f"is of {day}, in the future. Rename it, or say --as-of.")
    return day


def _refuse_unreadable_day(name: str) -> None:
    """Refuse a name that means a day which cannot be read: the file's day would silently stand for it."""
    if _IMPOSSIBLE.search(name):
        raise UnnamedError(
            "has a date in its name that does not exist. Rename it to a real YYYY-MM-DD, or say --as-of."
        )
    if _DAY_OR_MONTH_FIRST.search(name):
        raise UnnamedError(
            "has a date in its name that could be day or month first."
            " Write the day as YYYY-MM-DD, or say --as-of."
        )


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
