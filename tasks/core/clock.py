"""Hold the clock against what the product has dated: to one that jumped, everything is past its time."""

from datetime import datetime, timedelta
from typing import Final

from schemas.config import Locations
from schemas.manifest import Champion
from tasks.core.errors import ConfigError
from tasks.core.latest import published_folders, read_manifest
from tasks.core.proof import last_sweep

MAX_SILENCE: Final = timedelta(days=35)
"""Sweeps and nights come daily, trainings weekly: more than a month without any is a clock or a long rest."""


def refuse_jump(places: Locations, champion: Champion | None, now: datetime) -> None:
    """Refuse a moment that is too long after the last sweep, night and move of the champion.

    Where there is none of these there is nothing to hold it against.

    Raises:
        ConfigError: the clock has jumped, or nothing ran for so long.
    """
    newest = _newest_dated(places, champion)
    if newest is not None and now - newest > MAX_SILENCE:
        raise ConfigError(
            f"the clock says {now.date()}, but the last sweep, night or promotion was on {newest.date()};"
            f" expected at most {MAX_SILENCE.days} days between. Nothing was deleted."
            " Set the clock, or, if nothing ran for so long, insist with --force."
        )


def _newest_dated(places: Locations, champion: Champion | None) -> datetime | None:
    manifests = (read_manifest(folder) for folder in published_folders(places.scores))
    dated = [each.scored_at for each in manifests if each is not None]
    if champion is not None:
        dated.append(champion.at)
    if (swept := last_sweep(places.retention_log)) is not None:
        dated.append(swept)
    return max(dated, default=None)
