"""Move the champion pointer at an operator's request, and compare the scores of the last extract."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from schemas.config import IngestConfig, Locations, ScoreConfig
from schemas.manifest import Champion
from schemas.score_comparison import Movement
from tasks.core.bundle import registry
from tasks.core.errors import as_user_error
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.jobs.scoring_job import (
    ScoringJob,
    find_published,
    identify,
    open_contacts,
    pin_champion,
    point_to_latest,
    publish,
    score_by_threads,
)
from tasks.core.report.summary import markdown_table
from tasks.core.scores import comparison
from tasks.core.scores.comparison import LastExtract
from tasks.core.steps import conclude, log, show, step
from tasks.core.storage.locks import locked
from tasks.core.storage.secret import Secret


def move_champion(
    *,
    home: Locations,
    secret: Secret,
    now: Callable[[], datetime],
    bundle: str | None = None,
    force: bool = False,
    rescore: ScoreConfig | None = None,
) -> str:
    """Promote a sealed bundle or roll back to the previous champion; return a line that says what changed.

    Args:
        home: The home folder's locations.
        secret: The operator's key, for fingerprints of customers who objected.
        now: The clock, in the operator's time zone.
        bundle: Id of a sealed bundle; None rolls back to the previous champion.
        force: Promote although the bundle's gate refused it; recorded in the history.
        rescore: Engine that scores the last extract again with the new champion; None skips it.

    Raises:
        ConfigError: the last extract should be scored again but cannot be; the pointer has not moved.
        RegistryError: there is no such bundle, or its gate refused it and `force` is not given.
        BundleError: the bundle does not verify.
        ChurnError: the pointer moved, but the last extract could not be scored again.
    """
    last = _find_last_extract(home) if rescore is not None else None
    moved = _roll_back(home, now(), force) if bundle is None else _promote(home, bundle, now(), force)
    conclude(f"{moved.bundle_id} in service")
    in_service = f"In service: {moved.bundle_id} (before: {moved.previous or 'nothing'})."
    if last is None or rescore is None:
        return in_service
    try:
        return f"{in_service} {_rescore(last, rescore, home, secret, now, force=force)}"
    except Exception as error:
        # The pointer has moved: another roll-back would put the wrong bundle into service.
        again = f"--bundle {moved.bundle_id} --rescore{' --force' if force else ''}"
        left = f"Finish with `{again}`, not with --rollback, which would go further back."
        cause = as_user_error(error)
        if cause is None:
            error.add_note(f"{in_service} Not rescored. {left}")
            raise
        raise type(cause)(f"{in_service} Not rescored: {cause} {left}") from error


def _rescore(
    last: LastExtract,
    config: ScoreConfig,
    home: Locations,
    secret: Secret,
    now: Callable[[], datetime],
    *,
    force: bool,
) -> str:
    with locked(home.work):
        contacts = open_contacts(home, config.contacts, secret, now)
        champion = pin_champion(home.registry)
        delivery = identify(ExtractPath(last.path, delivered=False))
        reading = _as_read_before(last, config)
        job = ScoringJob(delivery, champion, last.as_of, reading, home.scores, force, contacts)
        folder = find_published(job) or publish(job, score_by_threads(job), now())
        point_to_latest(home.scores, champion)
        return _compare(last.folder, folder, same_customers=job.inputs.objections_id == last.objections_id)


def _as_read_before(last: LastExtract, config: ScoreConfig) -> ScoreConfig:
    """Read the extract as its latest scores were read, except for the settings that are given now."""
    if last.reading is None:
        return config
    given = {name: getattr(config.ingest, name) for name in sorted(config.ingest.model_fields_set)}
    log.info("reading the extract as before%s", f", except for {', '.join(given)}" if given else "")
    return config.model_copy(
        update={"ingest": IngestConfig.model_validate(last.reading.model_dump() | given)}
    )


@step("find-last-extract")
def _find_last_extract(home: Locations) -> LastExtract:
    """Find the archived extract of the latest scores.

    Raises:
        ConfigError: no extract was archived.
    """
    return comparison.find_last_extract(home)


@step("promote-by-hand")
def _promote(home: Locations, bundle_id: str, now: datetime, force: bool) -> Champion:
    """Put a sealed bundle into service."""
    bundle = registry.find_bundle(home.registry, bundle_id)
    champion = registry.read_champion(home.registry)
    expected = champion.bundle_id if champion else None
    moved = registry.promote_bundle(home.registry, bundle, expected=expected, forced=force, at=now)
    log.info("in service: %s, before: %s", moved.bundle_id, moved.previous or "nothing")
    return moved


@step("roll-back")
def _roll_back(home: Locations, now: datetime, force: bool) -> Champion:
    """Put the previous champion back into service."""
    moved = registry.roll_back(home.registry, forced=force, at=now)
    log.info("in service: %s, rolled back from %s", moved.bundle_id, moved.previous)
    return moved


@step("compare-scores")
def _compare(before: Path, after: Path, *, same_customers: bool) -> str:
    """Show how far two bundles' scores of one extract differ; return a one-line summary.

    Raises:
        PublishError: they cover different customers.
    """
    moved = comparison.compare(before, after, same_customers=same_customers)
    table = markdown_table(["scores before and now", "value"], _rows(moved))
    page = f"- before `{before}`\n- now `{after}`\n\n{table}"
    show(page, key="movement", description="What changed")
    log.info("\n%s", table)
    return (
        f"Flags changed: {moved.flags_raised + moved.flags_lowered} of {moved.customers}, deciles moved:"
        f" {moved.deciles_moved}, mean change of probability: {moved.mean_absolute_change:.4f}."
    )


def _rows(moved: Movement) -> list[list[str]]:
    return [
        ["customers", f"{moved.customers}"],
        ["flagged now, not before", f"{moved.flags_raised}"],
        ["flagged before, not now", f"{moved.flags_lowered}"],
        ["in another decile", f"{moved.deciles_moved}"],
        ["mean absolute change of probability", f"{moved.mean_absolute_change:.6f}"],
        ["95th percentile of it", f"{moved.p95_absolute_change:.6f}"],
    ]
