"""Find the day an extract speaks of: said by the operator, written in its name, or its file's day."""

import re
from datetime import date
from typing import Final

from tasks.core.errors import ConfigError, ExtractError

_DATE: Final = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")


_EARLIEST: Final = date(2000, 1, 1)
"""A day before it is a clock that was never set, not an extract's."""


def as_of_date(name: str, *, asked: date | None, modified: date, today: date) -> date:
    """Decide the as-of date of an extract called `name`, whose file was last changed on `modified`.

    Raises:
        ConfigError: the operator asks for a day in the future.
        ExtractError: the name holds two days, or the day lies in the future or before the year 2000.
    """
    if asked is not None:
        if asked > today:
            raise ConfigError(f"--as-of {asked} is in the future; expected {today} or earlier.")
        return asked
    named = {day for match in _DATE.finditer(name) if (day := _day(match)) is not None}
    if len(named) > 1:
        raise ExtractError(f"extract '{name}' has {len(named)} dates in its name. Say which with --as-of.")
    day = named.pop() if named else modified
    if day > today:
        raise ExtractError(f"extract '{name}' is of {day}, in the future. Rename it, or say --as-of.")
    if day < _EARLIEST:
        raise ExtractError(f"extract '{name}' is of {day}, long ago. Rename it, or say --as-of.")
    return day


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
