"""Find the day an extract speaks of: said by the operator, written in its name, or its file's day."""

import re
from datetime import date
from typing import Final

from tasks.core.errors import ConfigError, ExtractError

_DATE: Final = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")


def as_of_date(
    name: str, *, asked: date | None, modified: date, today: date, called: str | None = None
) -> date:
    """Decide the as-of date of a file called `name`, which was last changed on `modified`.

    Messages name it as it is `called`, if that is given.

    Raises:
        ConfigError: the operator asks for a day in the future.
        ExtractError: the name holds two days, or the day lies in the future.
    """
    called = called or name
    if asked is not None:
        if asked > today:
            raise ConfigError(f"--as-of {asked} is in the future; expected {today} or earlier.")
        return asked
    named = {day for match in _DATE.finditer(name) if (day := _day(match)) is not None}
    if len(named) > 1:
        raise ExtractError(f"extract '{called}' has {len(named)} dates in its name. Say which with --as-of.")
    day = named.pop() if named else modified
    if day > today:
        raise ExtractError(f"extract '{called}' is of {day}, in the future. Rename it, or say --as-of.")
    return day


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
