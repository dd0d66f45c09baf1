"""Refuse to sweep when the system clock has jumped: with a clock ahead, everything looks expired."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from schemas.config import Locations
from schemas.manifest import Champion
from tasks.core.errors import AccessError, ConfigError
from tasks.core.operations.retention_log import last_sweep
from tasks.core.scores.folders import published_folders, read_manifest

MAX_SILENCE: Final = timedelta(days=35)
"""Sweeps and scoring runs are daily; a gap of over a month is a wrong clock or a long shutdown."""


def refuse_clock_jump(home: Locations, champion: Champion | None, now: datetime) -> None:
    """Refuse to sweep too long after the last sweep or, before the first, the last nightly run or promotion.

    If there was a sweep, only that counts: a run between jump and sweep is dated by the clock that jumped.
    Dates later than now are ignored; if there is no earlier one, any clock passes.

    Raises:
        ConfigError: the clock has jumped, or no sweep ran for so long.
    """
    last, what = last_sweep(home.retention_log, now), "sweep"
    if last is None:
        last, what = _last_dated(home, champion, now), "night or promotion"
    if last is not None and now - last > MAX_SILENCE:
        raise ConfigError(
            f"the clock says {now.date()}, but the last {what} was on {last.astimezone(now.tzinfo).date()};"
            f" expected at most {MAX_SILENCE.days} days in between. Nothing was deleted."
            " Correct the clock, or, if there really was none for that long, pass --force."
        )


def _last_dated(home: Locations, champion: Champion | None, now: datetime) -> datetime | None:
    dated = []
    with suppress(AccessError):  # what cannot be read is reported by the sweep itself
        for folder in published_folders(home.scores):
            with suppress(AccessError):
                dated += [each.scored_at for each in (read_manifest(folder),) if each is not None]
    if champion is not None:
        dated.append(champion.at)
    return max((at for at in dated if at <= now), default=None)
