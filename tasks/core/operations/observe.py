"""Inspect a home folder read-only."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.config import Locations
from schemas.manifest import ScoresManifest
from schemas.status import ChampionStatus, Disk, NightStatus, Rejection, Waiting
from tasks.core.access import cause_of
from tasks.core.bundle.registry import open_champion, read_champion, read_history
from tasks.core.errors import shown
from tasks.core.intake.checksum_sidecar import SUFFIX, is_sidecar
from tasks.core.intake.rejects import REASON, STATUS
from tasks.core.intake.unfinished_upload import is_unfinished


def observe_champion(registry: Path) -> ChampionStatus | None:
    """Verify the champion, its pointer and its history; None if there is no champion.

    Raises:
        RegistryError: the pointer or the history cannot be understood.
        BundleError: the bundle is not what was promoted.
    """
    bundle, move = open_champion(registry), read_champion(registry)
    if bundle is None or move is None:
        return None
    read_history(registry)
    return ChampionStatus(
        bundle_id=move.bundle_id,
        model_id=bundle.manifest.model_id,
        trained_at=bundle.manifest.created_at,
        since=move.at,
        action=move.action,
        forced=move.forced,
        gate_outcome=bundle.manifest.gate.outcome,
        simulated=bundle.manifest.simulated,
        horizon=bundle.manifest.horizon,
    )


def observe_night(folder: Path, manifest: ScoresManifest, *, latest: bool, superseded: bool) -> NightStatus:
    """Summarise one set of published scores from its manifest."""
    counts = manifest.extract.counts
    return NightStatus(
        folder=folder.name,
        as_of_date=manifest.as_of_date,
        extract_id=manifest.extract.extract_id,
        bundle_id=manifest.bundle_id,
        scored_at=manifest.scored_at,
        simulated=manifest.extract.simulated or manifest.bundle_simulated,
        received=counts.received,
        scored=manifest.scored,
        flagged=manifest.flagged,
        quarantined=counts.quarantined,
        exact_duplicates=counts.exact_duplicates,
        objected=counts.objected,
        latest=latest,
        superseded=superseded,
    )


def fault_of_folder(folder: Path) -> str | None:
    """Explain why a folder or its contents cannot be read; None if they can, or do not exist yet."""
    try:
        if (first := next(folder.iterdir(), None)) is not None:
            first.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return cause_of(error, folder)
    return None


def observe_waiting(folder: Path, now: datetime) -> Waiting:
    """Count the extracts in a folder, and the hours since the oldest arrived."""
    paths = [path for path in _entries(folder) if not is_sidecar(path.name) and not path.name.startswith(".")]
    came = _arrival_times(paths)
    return Waiting(
        extracts=len(came),
        oldest_hours=_hours_since(came, now),
        unfinished=sum(is_unfinished(path.name) for path in paths),
    )


def observe_lone_sidecars(inbox: Path, now: datetime) -> Waiting:
    """Count the sidecars that have no extract, and the hours since the oldest arrived."""
    came = _arrival_times(
        path
        for path in _entries(inbox)
        if is_sidecar(path.name) and not os.path.lexists(path.with_name(path.name.removesuffix(SUFFIX)))
    )
    return Waiting(extracts=len(came), oldest_hours=_hours_since(came, now))


def observe_rejected(rejected: Path, now: datetime, days: int) -> tuple[Rejection, ...]:
    """List recently rejected extracts, newest first."""
    found = []
    for place in _entries(rejected):
        with suppress(OSError):
            reason = place / REASON
            at = datetime.fromtimestamp(reason.stat().st_mtime, tz=UTC)
            if now - at <= timedelta(days=days):
                found.append(Rejection(place=place.name, at=at, reason=_said(place / STATUS)))
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _said(status: Path) -> str:
    if not status.is_file():
        return f"see its {REASON}."
    return shown(status.read_text(encoding="utf-8", errors="replace").strip())


def observe_disk(home: Locations) -> Disk:
    """Measure the disk, and the space that each folder in the home folder takes."""
    usage = shutil.disk_usage(home.home)
    used = {path.name: _bytes_of(path) for path in sorted(_entries(home.home)) if path.is_dir()}
    return Disk(total_bytes=usage.total, free_bytes=usage.free, used_bytes=used)


def _entries(folder: Path) -> Iterator[Path]:
    """List a folder; an unreadable one counts as empty here and raises its own alarm where it matters."""
    with suppress(OSError):
        yield from folder.iterdir()


def _arrival_times(paths: Iterable[Path]) -> list[float]:
    """Return when each entry arrived, in seconds since 1970; hidden entries are left out."""
    came = []
    for path in paths:
        with suppress(OSError):
            if not path.name.startswith("."):
                came.append(path.lstat().st_ctime)
    return came


def _hours_since(came: list[float], now: datetime) -> float | None:
    return max(0.0, (now.timestamp() - min(came)) / 3_600) if came else None


def _bytes_of(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total
