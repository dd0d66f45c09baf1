"""Delete expired files and Prefect runs, and log the deletions."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Swept
from schemas.run_messages import ForgetEnded
from tasks.core.bundle.registry import read_champion
from tasks.core.campaigns.proposals import close_expired
from tasks.core.errors import ConfigError, PublishError
from tasks.core.operations.clock_guard import refuse_clock_jump
from tasks.core.operations.deletion import measure
from tasks.core.operations.expiry import HIDDEN, find_expired
from tasks.core.operations.retention_log import append_log, count_deletions
from tasks.core.operations.sweep import sweep
from tasks.core.steps import conclude, log, step
from tasks.dashboard.runs import forget_runs

FLOWS: Final = ("train", "score", "promote", "retention", "rerun", "present", "campaign", "decide")
"""Names of this product's flows: the server may be shared, and other flows' runs are not ours to delete."""


@step("sweep-files")
def sweep_files(home: Locations, policy: RetentionPolicy, *, dry_run: bool, force: bool) -> list[Swept]:
    """Delete expired extracts, scores and training runs; log what was deleted and what could not be.

    Raises:
        ConfigError: the clock has jumped, and `force` is not given.
        RegistryError: the champion's pointer cannot be read.
        PublishError: what an interrupted sweep was deleting cannot be read.
    """
    now = datetime.now(tz=ZoneInfo(policy.timezone))
    champion = read_champion(home.registry)
    if not force:
        refuse_clock_jump(home, champion, now)
    if not dry_run:
        _close_expired(home, now)
    due = find_expired(home, policy, champion.bundle_id if champion else "", now)
    for kind, reason in due.unreadable.items():
        log.warning("some data in %s/ cannot be read: %s", kind, reason)
    if dry_run:
        items = [measure(home, each) for each in due.expired]
        return count_deletions(items, now, unreadable=due.unreadable)
    proof, left = sweep(home, due, now)
    for each, number in Counter(left).items():
        log.warning("not deleted in %s/: %d: %s", each.kind, number, each.reason)
    return proof


def _close_expired(home: Locations, now: datetime) -> None:
    try:
        close_expired(home.proposals, home.campaigns, now)
    except (ConfigError, PublishError) as error:  # it must not keep what has expired from being deleted
        log.warning("proposals past their expiry are not closed: %s", error)


@step("sweep-prefect")
def sweep_prefect(home: Locations, policy: RetentionPolicy, *, dry_run: bool) -> None:
    """Delete expired runs of our flows, and log their number; without Prefect, the next sweep does."""
    now = datetime.now(tz=ZoneInfo(policy.timezone))
    before = now - timedelta(days=policy.prefect_days)
    days: list[date] = []
    complete = False
    try:
        for news in forget_runs(FLOWS, before, dry_run=dry_run):
            if isinstance(news, ForgetEnded):
                complete = news.complete
            else:
                days.append(news.ended_at.astimezone(now.tzinfo).date())
    finally:
        if (complete or days) and not dry_run:
            oldest, newest = min(days, default=None), max(days, default=None)
            proof = Swept(at=now, kind="prefect", deleted=len(days), oldest=oldest, newest=newest, bytes=None)
            append_log(home.retention_log, [proof])
    log.info("%s %d of Prefect's own runs.", "Would delete" if dry_run else "Deleted", len(days))
    if not complete:
        log.warning("Prefect's own runs could not all be swept; the next sweep will continue.")


@step("report-retention")
def report_retention(proof: list[Swept], *, dry_run: bool) -> str:
    """Return a line that says what was deleted, or would be.

    Raises:
        PublishError: something expired could not be deleted, or could not be read.
    """
    deleted, left = Counter[str](), Counter[str]()
    for each in proof:
        deleted[each.kind] += each.deleted
        left[each.kind] += each.failed
    summary = f"{'Would delete' if dry_run else 'Deleted'} {_listed(deleted)}."
    log.info(summary)
    others = f", not deleted: {left.total()}" if left.total() else ""
    conclude(f"{'would delete' if dry_run else 'deleted'} {deleted.total()}{others}")
    faults = []
    if left.total():
        faults.append(f"expired but not deleted: {_listed(+left)}")
    if unreadable := [each.kind for each in proof if each.unreadable]:
        faults.append(f"cannot be read, and may hold expired data: {', '.join(unreadable)}")
    if faults:
        raise PublishError(
            f"{'; '.join(faults)}; the run's warnings say why. Fix the permissions or the disk there (what is"
            f" left is called {HIDDEN}*), then run python flows/retention_flow.py."
        )
    return summary


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{kind}: {number}" for kind, number in counts.items())
