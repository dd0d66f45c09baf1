"""Score the extracts of the inbox, or one that an operator names; a bad one does not stop the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from schemas.config import Locations, ScoreConfig
from schemas.manifest import MANIFEST, ScoresManifest
from schemas.operations import AlarmPolicy
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.errors import ChangedError, ExtractError, PublishError
from tasks.core.intake import inbox
from tasks.core.intake.archive import archive_extract, file_late_sidecars
from tasks.core.intake.as_of_date import date_of, named_days, oldest_first
from tasks.core.intake.contact_lists import Contacts
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery
from tasks.core.intake.delivery import identify as hash_extract
from tasks.core.intake.rejects import reject
from tasks.core.intake.unfinished_upload import SHOWN
from tasks.core.jobs.night_outcome import NightOutcome
from tasks.core.jobs.scoring_job import (
    Engine,
    Hash,
    ScoringJob,
    find_published,
    identify,
    open_contacts,
    pin_champion,
    point_to_latest,
    publish,
    score_by_threads,
)
from tasks.core.report.summary import scores_table
from tasks.core.scores.drift import find_drift
from tasks.core.scores.folders import published_day
from tasks.core.scores.freshness import stale
from tasks.core.scores.latest import read_latest
from tasks.core.steps import announce, conclude, log, show, step
from tasks.core.storage.locks import locked
from tasks.core.storage.secret import Secret

PUBLISHED: Final = "churn.scores.published"
"""The event on which campaigns are proposed (deployments/prefect.yaml)."""

_STUCK: Final = (
    "sidecars in inbox/ that arrived late and cannot be moved to archive/: {}."
    " Fix their permissions or the inbox's, or delete them."
)


@dataclass(frozen=True)
class Night:
    """What all extracts of a run share."""

    home: Locations
    champion: Bundle
    config: ScoreConfig
    as_of: date | None
    force: bool
    contacts: Contacts | None
    engine: Engine
    identify_by: Hash
    now: Callable[[], datetime]


def score_night(  # noqa: PLR0913 by keyword only
    *,
    home: Locations,
    config: ScoreConfig,
    secret: Secret,
    now: Callable[[], datetime],
    extract: Path | None = None,
    as_of: date | None = None,
    force: bool = False,
    engine: Engine = score_by_threads,
    identify_by: Hash = hash_extract,
) -> NightOutcome:
    """Score one extract or drain the inbox, then report the result and check for staleness and drift.

    Args:
        home: The home folder's locations; its `work` folder is locked for the duration.
        config: How extracts are read and scored, and where the contact lists are.
        secret: The operator's key, for fingerprints of customers who objected.
        now: The clock, in the operator's time zone.
        extract: The extract that an operator names.
        as_of: The day the extracts describe; None takes it from the file name or the file's date.
        force: Let a champion trained on simulated customers score real ones.
        engine: Computes the scores of an extract.
        identify_by: Identifies an extract; a command may have begun with the one that it was given.

    Raises:
        RegistryError: there is no champion, or its pointer cannot be read.
        BundleError: the champion changed since it was sealed, or scores its examples differently.
        ConfigError: the inbox is missing, or is not the folder that earlier runs used; or a contact list is
            missing or too old.
        ContactsError: a contact list breaks its contract.
    """
    champion = pin_champion(home.registry)
    outcome = NightOutcome(delivered=extract is None)
    with locked(home.work):  # two runs must not take the same extract
        contacts = open_contacts(home, config.contacts, secret, now)
        night = Night(home, champion, config, as_of, force, contacts, engine, identify_by, now)
        point_to_latest(home.scores, champion)
        named = ExtractPath(extract, delivered=False) if extract is not None else None
        for given in [named] if named is not None else _take_inbox(night, outcome):
            try:
                _score_or_reject(given, night, outcome)
            except Exception as error:  # noqa: BLE001 whatever it is, the other extracts are scored
                outcome.unscored.append(error)
    _report(outcome)
    _announce(home.scores, outcome)
    if outcome.delivered:
        outcome.stale = _check_freshness(home.scores, config.alarms, now())
    outcome.drifted = _check_drift(home.scores, outcome.scored, config.alarms)
    log.info(outcome.summary)
    conclude(outcome.headline)
    return outcome


def _score_or_reject(given: ExtractPath, night: Night, outcome: NightOutcome) -> None:
    try:
        delivery = identify(given, night.identify_by)
        as_of = _date_extract(delivery, night)
        job = ScoringJob(
            delivery, night.champion, as_of, night.config, night.home.scores, night.force, night.contacts
        )
        _score_once(job, night, outcome)
        if given.delivered:
            _archive(delivery, as_of, night.home.archive)
    except ExtractError as error:
        if given.delivered and isinstance(error, ChangedError):
            outcome.arriving += 1
        else:
            outcome.rejected.append(_reject(given, error, night.home.rejected))


def _score_once(job: ScoringJob, night: Night, outcome: NightOutcome) -> None:
    folder = find_published(job)
    if folder is not None:
        outcome.repeated.append(folder)
        return
    outcome.scored.append(publish(job, night.engine(job), night.now()))
    point_to_latest(job.scores, job.champion)


@step("take-inbox")
def _take_inbox(night: Night, outcome: NightOutcome) -> list[ExtractPath]:
    """Take the waiting extracts that have stopped changing; list them oldest first."""
    home = night.home
    inbox.confirm(home.inbox, home.work)
    before = inbox.look(home.inbox), inbox.look(home.work)
    if any(before):
        time.sleep(night.config.settle_seconds)
    stuck = file_late_sidecars(home.inbox, home.archive)
    taken = inbox.take(home.inbox, home.work, before)
    log.info("inbox: %d extracts taken, %d left for the next run", len(taken.paths), taken.left)
    if taken.unfinished:
        log.warning(
            "inbox: %d files have the name of an unfinished upload (%s) and wait to be renamed. If nothing is"
            " being sent, rename or delete them.",
            taken.unfinished,
            SHOWN,
        )
    if taken.lone_sidecars:
        log.warning("inbox: %d .sha256 files have no extract", taken.lone_sidecars)
    outcome.unfiled = [PublishError(_STUCK.format(stuck))] if stuck else []
    paths = oldest_first(taken.paths, night.now())
    return [ExtractPath(path, delivered=True) for path in paths]


@step("date-extract")
def _date_extract(delivery: Delivery, night: Night) -> date:
    """Find the day an extract describes; a redelivered one keeps the day it was first scored for."""
    before = published_day(night.home.scores, delivery.extract_id) if delivery.given.delivered else None
    if before is None:
        day = date_of(delivery.given, night.as_of, night.now())
        if night.as_of is None and not named_days(delivery.path.name):
            log.warning(
                "extract %s has no date in its name: the day of its last modification, %s, is used",
                delivery.extract_id,
                day,
            )
        return day
    log.info("extract %s was scored before, as of %s", delivery.extract_id, before)
    if night.as_of not in (None, before):
        log.warning(
            "--as-of %s is ignored: extract %s was already scored for another day. To change it, first"
            " move its folders of scores away.",
            night.as_of,
            delivery.extract_id,
        )
    return before


@step("archive")
def _archive(delivery: Delivery, as_of: date, archive: Path) -> None:
    """Move a scored extract out of the inbox."""
    archive_extract(delivery, as_of, archive)


@step("reject")
def _reject(given: ExtractPath, error: ExtractError, rejected: Path) -> str:
    """Store a rejected extract with its reason; return a line that says why and where."""
    return f"{error} See {reject(given, error, rejected)}."


@step("report-scoring")
def _report(outcome: NightOutcome) -> None:
    """Show where the scores are, what was rejected and what was left behind."""
    folders = (*outcome.scored, *outcome.repeated)
    manifests = {
        folder: ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes()) for folder in folders
    }
    for folder in outcome.scored:
        outcome.days.add(manifests[folder].as_of_date)
        outcome.customers += manifests[folder].scored
        outcome.flagged += manifests[folder].flagged
    page = "\n".join([scores_table(manifests), *outcome.lines])
    show(page, key="scoring", description="What was scored, and where it is")
    log.info("\n%s", page)


def _announce(scores: Path, outcome: NightOutcome) -> None:
    """Announce what was published, once a run, with the scores to use."""
    latest = read_latest(scores)
    if outcome.scored and latest is not None:
        announce(
            PUBLISHED,
            f"churn.scores.{latest.folder}",
            {
                "folder": latest.folder,
                "as_of_date": latest.as_of_date.isoformat(),
                "extracts": len(outcome.scored),
                "customers": outcome.customers,
                "flagged": outcome.flagged,
            },
        )


@step("check-freshness")
def _check_freshness(scores: Path, alarms: AlarmPolicy, now: datetime) -> str | None:
    """Warn if the latest scores are stale; None if they are not, or if there are none yet."""
    found = read_latest(scores)
    warning = stale(found.as_of_date, now, alarms.max_age_hours) if found else None
    if warning is not None:
        log.warning("stale: %s", warning)
    return warning


@step("check-drift")
def _check_drift(scores: Path, scored: list[Path], alarms: AlarmPolicy) -> str | None:
    """Warn if the latest scores come from this run and drifted; None otherwise."""
    found = read_latest(scores)
    ours = found is not None and found.folder in {folder.name for folder in scored}
    warning = find_drift(scores, alarms) if ours else None
    if warning is not None:
        log.warning("drifted: %s", warning)
    return warning
