"""Find what has expired, by a rule for each folder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Kind
from schemas.scores_name import ScoresName
from tasks.core.access import cause_of
from tasks.core.campaigns.folders import expiry_of_campaign
from tasks.core.campaigns.proposals import expiry_of_proposal
from tasks.core.errors import AccessError
from tasks.core.intake.kept_objections import newest_kept
from tasks.core.intake.rejects import REASON
from tasks.core.scores.folders import read_manifest
from tasks.core.scores.latest import find_latest, read_latest
from tasks.core.storage.atomic import STAGE_PREFIX

HIDDEN: Final = ".expired-"
"""Start of the names of what a sweep has begun to delete."""

OF_THE_SIMULATOR: Final = (".*.truth.csv*", f"{STAGE_PREFIX}*")
"""Names of true probabilities beside simulated extracts, and of what a killed simulator left beside them.

A hidden one may end in a number.
"""

Expiry = Callable[[Path], date | None]
"""Returns the last day that a file or folder is kept; None if it is not ours to delete."""


@dataclass(frozen=True)
class _Rule:
    """When the entries of a folder expire whose names match `pattern`."""

    kind: Kind
    folder: Path
    day_of: Callable[[Path], date | None]
    expiry: Expiry
    pattern: str = "[!.]*"


@dataclass(frozen=True)
class Expired:
    """A file or folder that has expired, and its day, if known."""

    kind: Kind
    path: Path
    day: date | None


@dataclass(frozen=True)
class Due:
    """What has expired, and, by kind, why something could not be read."""

    expired: list[Expired]
    unreadable: dict[Kind, str]


def find_expired(home: Locations, policy: RetentionPolicy, champion: str, now: datetime) -> Due:
    """Find what has expired by the clock's day, and what an interrupted sweep had hidden.

    Never lists the latest scores, the newest objections, bundles, or extracts in inbox and work.
    """
    due, today = Due([], {}), now.date()
    kept = _in_use(home.scores, champion, due)
    newest = _newest_contacts(home.contacts, due)

    def scores(path: Path) -> date | None:
        manifest = None if path.name in kept else read_manifest(path)
        return manifest.expires_on if manifest is not None else None

    def contacts(path: Path) -> date | None:
        return None if path == newest else after(policy.contacts_days, _day_in_name)(path)

    def after(days: int, day_of: Callable[[Path], date | None]) -> Expiry:
        return lambda path: day + timedelta(days=days) if (day := day_of(path)) is not None else None

    proposals = after(policy.proposals_days, expiry_of_proposal)
    day_of_reason, day_of_run, day_of_change = (
        partial(day_of, zone=now.tzinfo) for day_of in (_day_of_reason, _day_of_run, _day_of_change)
    )
    prefect_files = (day_of_change, after(policy.prefect_days, day_of_change))
    rules = (
        _Rule("archive", home.archive, _day_in_name, after(policy.archive_days, _day_in_name)),
        _Rule("rejected", home.rejected, day_of_reason, after(policy.rejected_days, day_of_reason)),
        _Rule("scores", home.scores, _day_of_scores, scores),
        _Rule("runs", home.runs, day_of_run, after(policy.runs_days, day_of_run)),
        *(
            _Rule("truth", home.inbox, day_of_change, after(policy.archive_days, day_of_change), pattern)
            for pattern in OF_THE_SIMULATOR
        ),
        _Rule("contacts", home.contacts, _day_in_name, contacts),
        _Rule("proposals", home.proposals, expiry_of_proposal, proposals),
        _Rule("campaigns", home.campaigns, expiry_of_campaign, expiry_of_campaign),
        _Rule("prefect_files", home.prefect / "storage", *prefect_files),
        _Rule("prefect_files", home.prefect / "dlq", *prefect_files),
    )
    for rule in rules:
        for path in _entries(rule.kind, rule.folder, due):
            if not fnmatchcase(path.name.removeprefix(HIDDEN), rule.pattern):
                continue
            try:
                path.lstat()
                hidden = path.name.startswith(HIDDEN)
                if hidden or ((last := rule.expiry(path)) is not None and last < today):
                    due.expired.append(Expired(rule.kind, path, rule.day_of(path)))
            except (OSError, AccessError) as error:
                reason = cause_of(error, path) if isinstance(error, OSError) else str(error)
                due.unreadable[rule.kind] = reason
            except (OverflowError, ValueError) as error:
                due.unreadable[rule.kind] = f"an entry has an impossible day ({error})"
    return due


def _in_use(scores: Path, champion: str, due: Due) -> set[str]:
    """Name the folders of scores that are the latest; if that cannot be known, none of them expires."""
    try:
        found = read_latest(scores), find_latest(scores, champion)
    except AccessError as error:
        due.unreadable["scores"] = str(error)
        return set()
    return {each.folder for each in found if each is not None}


def _newest_contacts(contacts: Path, due: Due) -> Path | None:
    """Find the objections that runs without a list apply."""
    try:
        return newest_kept(contacts)
    except AccessError as error:
        due.unreadable["contacts"] = str(error)
        return None


def _entries(kind: Kind, folder: Path, due: Due) -> list[Path]:
    if kind in due.unreadable:
        return []
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        due.unreadable[kind] = cause_of(error, folder)
        return []


def _day_in_name(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.name.removeprefix(HIDDEN)[:10])
    except ValueError:
        return None


def _day_of_change(path: Path, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(path.lstat().st_mtime, tz=zone).date()


def _day_of_scores(path: Path) -> date | None:
    try:
        return ScoresName.parse(path.name.removeprefix(HIDDEN).partition(".")[0]).as_of_date
    except ValueError:
        return None


def _day_of_reason(path: Path, zone: tzinfo | None) -> date | None:
    try:
        return datetime.fromtimestamp((path / REASON).stat().st_mtime, tz=zone).date()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        if path.name.startswith(HIDDEN):  # reported by `delete`
            return None
        raise


def _day_of_run(path: Path, zone: tzinfo | None) -> date | None:
    try:
        started = datetime.strptime(path.name.removeprefix(HIDDEN)[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return started.astimezone(zone).date()
    except (OverflowError, ValueError):
        return None
