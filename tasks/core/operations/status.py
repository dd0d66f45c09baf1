"""Collect the operational status and the alarms an operator must act on."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from schemas.config import LIST_HOURS, ContactsConfig, Locations
from schemas.contact_lists import ListName
from schemas.manifest import Latest, ScoresManifest
from schemas.operations import AlarmPolicy, RetentionPolicy
from schemas.status import Alarm, ChampionStatus, Disk, NightStatus, Rejection, Status, Waiting
from tasks.core.access import cause_of
from tasks.core.bundle.registry import no_champion
from tasks.core.errors import AccessError, BundleError, ConfigError, RegistryError
from tasks.core.intake.contact_files import find_list, hours_since
from tasks.core.intake.inbox import fault_of
from tasks.core.intake.kept_objections import read_day_kept
from tasks.core.intake.unfinished_upload import SHOWN
from tasks.core.operations.expiry import find_expired
from tasks.core.operations.observe import (
    fault_of_folder,
    observe_champion,
    observe_disk,
    observe_lone_sidecars,
    observe_night,
    observe_rejected,
    observe_waiting,
)
from tasks.core.operations.observe_campaigns import Campaigns, observe_campaigns
from tasks.core.operations.retention_log import last_sweep
from tasks.core.scores.drift import find_drift
from tasks.core.scores.folders import published_folders, read_manifest
from tasks.core.scores.freshness import stale
from tasks.core.scores.latest import LATEST, corrected_extracts, read_latest, reread_folders
from tasks.core.storage.locks import is_locked
from tasks.core.storage.seals import is_as_sealed

NIGHTS_SHOWN: Final = 7


def collect_status(
    home: Locations, policy: AlarmPolicy, now: datetime, contacts: ContactsConfig | None = None
) -> Status:
    """Inspect everything below a home folder and, without their rows, the contact lists; read-only."""
    champion, alarms = _champion(home.registry, policy, now)
    inbox, work = observe_waiting(home.inbox, now), observe_waiting(home.work, now)
    rejected = observe_rejected(home.rejected, now, policy.rejected_days)
    scores, disk = _published(home.scores), observe_disk(home)
    read = (home.work, home.archive, home.rejected, home.contacts, home.runs)
    alarms += _of_rights(home.home)
    alarms += [Alarm(code="home_unreadable", message=fault) for fault in map(fault_of_folder, read) if fault]
    alarms += _of_inbox(home, inbox, work, policy)
    alarms += _of_sidecars(observe_lone_sidecars(home.inbox, now), policy)
    alarms += _of_rejected(rejected, policy)
    alarms += _of_contacts(home.contacts, contacts, now)
    campaigns = observe_campaigns(home, now)
    alarms += _of_campaigns(campaigns, policy, now)
    alarms += _of_scores(home.scores, scores, policy, now)
    alarms += _of_sweeps(home, champion, policy, now)
    alarms += _of_disk(disk, policy)
    return Status(
        at=now,
        timezone=str(now.tzinfo),
        running=is_locked(home.work),
        champion=champion,
        nights=tuple(_nights(scores.manifests, scores.latest)),
        inbox=inbox,
        work=work,
        rejected=rejected,
        proposals=campaigns.proposals,
        campaigns=campaigns.running,
        disk=disk,
        alarms=tuple(alarms),
    )


def _champion(
    registry: Path, policy: AlarmPolicy, now: datetime
) -> tuple[ChampionStatus | None, list[Alarm]]:
    try:
        champion = observe_champion(registry)
    except (BundleError, RegistryError, AccessError) as error:
        return None, [Alarm(code="champion_damaged", message=str(error))]
    except OSError as error:
        return None, [Alarm(code="champion_damaged", message=cause_of(error, registry))]
    if champion is None:
        return None, [Alarm(code="champion_missing", message=no_champion(registry))]
    days = (now - champion.trained_at).days
    if days > policy.max_champion_days:
        message = (
            f"the champion was trained {days} days ago; expected at most {policy.max_champion_days}."
            " Check whether train/weekly runs and why its candidates are refused."
        )
        return champion, [Alarm(code="champion_stale", message=message)]
    return champion, []


@dataclass
class _Published:
    """Published scores: `manifests` by folder, `damaged` folders, and why others are unreadable."""

    manifests: dict[Path, ScoresManifest | None] = field(default_factory=dict)
    latest: Latest | None = None
    damaged: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def _published(scores: Path) -> _Published:
    found = _Published()
    try:
        found.latest = read_latest(scores)
        folders = published_folders(scores)
    except AccessError as error:
        found.unreadable.append(str(error))
        return found
    for folder in folders:
        hashed = found.latest is not None and folder.name == found.latest.folder
        try:
            found.manifests[folder] = manifest = read_manifest(folder)
            if manifest is None or not is_as_sealed(folder, manifest, hashed=hashed):
                found.damaged.append(folder.name)
        except AccessError as error:
            found.unreadable.append(str(error))
    return found


def _nights(manifests: dict[Path, ScoresManifest | None], latest: Latest | None) -> Iterator[NightStatus]:
    readable = [(folder, manifest) for folder, manifest in manifests.items() if manifest is not None]
    corrected = corrected_extracts(manifest for _, manifest in readable)
    reread = reread_folders([manifest for _, manifest in readable])
    for folder, manifest in readable[:NIGHTS_SHOWN]:
        yield observe_night(
            folder,
            manifest,
            latest=latest is not None and folder.name == latest.folder,
            superseded=manifest.extract.extract_id in corrected or folder.name in reread,
        )


def _of_rights(home: Path) -> Iterator[Alarm]:
    """Warn if every user may enter the home; its mode stays, since an administrator may have set it."""
    mode = home.stat().st_mode & 0o777
    if mode & stat.S_IRWXO:
        yield Alarm(
            code="home_open",
            message=f"every user may enter {home} (mode {mode:04o}). Run chmod 700 {home}, or chmod 750"
            " to let its group read it.",
        )


def _of_inbox(home: Locations, waits: Waiting, unfinished: Waiting, policy: AlarmPolicy) -> Iterator[Alarm]:
    if (fault := fault_of(home.inbox, home.work)) is not None:
        yield Alarm(code="inbox_missing", message=fault)
    for name, waiting in (("inbox", waits), ("work", unfinished)):
        hours = waiting.oldest_hours
        if hours is not None and hours > policy.max_wait_hours:
            yield Alarm(
                code="extract_waits",
                message=f"extracts waiting in {name}/: {waiting.extracts}, the oldest for {hours:.0f} hours;"
                f" expected at most {policy.max_wait_hours}. {_next_action(waiting)}",
            )


def _next_action(waiting: Waiting) -> str:
    by_hand = "Run python flows/score_flow.py and see."
    if not waiting.unfinished:
        return by_hand
    said = (
        f"{waiting.unfinished} of them have the name of an unfinished upload ({SHOWN}) and are not taken: ask"
        " the sender, and rename or delete them."
    )
    return said if waiting.unfinished == waiting.extracts else f"{said} {by_hand}"


def _of_sidecars(alone: Waiting, policy: AlarmPolicy) -> Iterator[Alarm]:
    hours = alone.oldest_hours
    if hours is not None and hours > policy.max_wait_hours:
        yield Alarm(
            code="sidecar_waits",
            message=f"sidecars in inbox/ without their extracts: {alone.extracts}, the oldest for {hours:.0f}"
            " hours. They may belong to another version of a scored extract. Ask the CRM team, then delete"
            " them.",
        )


def _of_rejected(rejected: tuple[Rejection, ...], policy: AlarmPolicy) -> Iterator[Alarm]:
    if rejected:
        yield Alarm(
            code="extract_rejected",
            message=f"extracts rejected in the last {policy.rejected_days} days: {len(rejected)}."
            " Read reason.txt below rejected/, and ask the CRM team.",
        )


def _of_contacts(kept: Path, config: ContactsConfig | None, now: datetime) -> Iterator[Alarm]:
    """Warn of lists that stop the next run and, where none is configured, of objections that are old."""
    if config is None:
        yield from _of_kept(kept, now)
        return
    given: dict[ListName, Path | None] = {"objections": config.objections, "basis": config.basis}
    for name, path in given.items():
        try:
            if path is not None:
                find_list(name, path, config.max_age_hours, now)
        except ConfigError as error:
            yield Alarm(code="contacts_stale", message=str(error))


def _of_kept(kept: Path, now: datetime) -> Iterator[Alarm]:
    try:
        day = read_day_kept(kept)
    except ConfigError as error:
        yield Alarm(code="contacts_stale", message=str(error))
        return
    except AccessError:  # `home_unreadable`
        return
    if day is not None and (hours := hours_since(day, now)) > LIST_HOURS:
        yield Alarm(
            code="contacts_stale",
            message=f"contacts.objections is not set, and the last list, of {day}, is {hours:.0f} hours old;"
            f" expected at most {LIST_HOURS}. Whoever has objected since is scored: set it.",
        )


def _of_campaigns(found: Campaigns, policy: AlarmPolicy, now: datetime) -> Iterator[Alarm]:
    if found.fault is not None:
        yield Alarm(code="home_unreadable", message=found.fault)
    for each in found.proposals:
        hours = (now - each.proposed_at) / timedelta(hours=1)
        if hours > policy.max_proposal_hours:
            yield Alarm(
                code="proposal_waits",
                message=f"proposal '{each.name}' has waited {hours:.0f} hours for a decision; expected at"
                f" most {policy.max_proposal_hours}. Approve or refuse it before it expires, at"
                f" {each.expires_at:%Y-%m-%d %H:%M} UTC: python flows/campaign_flow.py.",
            )


def _of_scores(scores: Path, found: _Published, policy: AlarmPolicy, now: datetime) -> Iterator[Alarm]:
    if found.unreadable:
        more = f" {len(found.unreadable) - 1} more cannot be used either." if found.unreadable[1:] else ""
        yield Alarm(code="scores_damaged", message=found.unreadable[0] + more)
        return
    if not found.manifests:
        message = f"nothing has been scored yet in '{scores}'. Deliver an extract."
        yield Alarm(code="scores_missing", message=message)
        return
    if found.damaged:
        yield Alarm(
            code="scores_damaged",
            message=f"scores folders changed since publication: {len(found.damaged)}, first"
            f" '{found.damaged[0]}'. Move them away and score the archived extracts again, or restore a"
            " backup.",
        )
    latest, manifests = found.latest, found.manifests
    if latest is None or all(folder.name != latest.folder for folder in manifests):
        yield Alarm(
            code="latest_damaged",
            message=f"{LATEST} does not point to any scores."
            " The next run writes it: python flows/score_flow.py.",
        )
    newest = max((each.as_of_date for each in manifests.values() if each), default=None)
    if newest is not None and (text := stale(newest, now, policy.max_age_hours)):
        yield Alarm(code="scores_stale", message=text)
    if text := find_drift(scores, policy):
        yield Alarm(code="scores_drifted", message=text)


def _of_sweeps(
    home: Locations, champion: ChampionStatus | None, policy: AlarmPolicy, now: datetime
) -> Iterator[Alarm]:
    limit = timedelta(days=policy.max_sweep_days)
    try:
        last = last_sweep(home.retention_log, now)
    except OSError as error:
        yield Alarm(code="home_unreadable", message=cause_of(error, home.retention_log))
        return
    if last is not None and now - last > limit:
        text = f"the last sweep was {(now - last).days} days ago; expected at most {policy.max_sweep_days}."
    elif last is None and (
        due := find_expired(
            home, RetentionPolicy(), champion.bundle_id if champion else "", now - limit
        ).expired
    ):
        text = f"no sweep has run; expired for more than {policy.max_sweep_days} days: {len(due)}."
    else:
        return
    yield Alarm(
        code="sweep_overdue",
        message=f"{text} Check whether retention/daily runs, or sweep: python flows/retention_flow.py.",
    )


def _of_disk(disk: Disk, policy: AlarmPolicy) -> Iterator[Alarm]:
    share = disk.free_bytes / disk.total_bytes
    if share < policy.min_free_share:
        yield Alarm(
            code="disk_nearly_full",
            message=f"{share:.1%} of the disk is free; expected {policy.min_free_share:.0%} or more."
            " Sweep what has expired: python flows/retention_flow.py.",
        )
