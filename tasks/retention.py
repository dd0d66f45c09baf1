"""Sweep files and Prefect's own runs that are past their time, and prove it in a log."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES
from prefect.exceptions import ObjectNotFound

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Swept
from tasks.core import retention
from tasks.core.clock import refuse_jump
from tasks.core.errors import PublishError
from tasks.core.proof import prove, write_proof
from tasks.core.registry import read_champion
from tasks.core.steps import log, step
from tasks.core.sweeping import sweep

FLOWS: Final = ("train", "score", "promote", "retention", "rerun", "present")
"""Names of this product's flows: a server may be shared, and others' runs are not ours to delete."""

_AT_A_TIME: Final = 200
"""Runs; the most that Prefect's server gives in one answer."""


@step("sweep-files")
def sweep_files(home: Locations, policy: RetentionPolicy, *, dry_run: bool, force: bool) -> list[Swept]:
    """Delete extracts, scores and trainings that are past their time; log what went, and what did not.

    Raises:
        ConfigError: the clock has jumped, and `force` is not given.
        RegistryError: the champion's pointer cannot be read.
        PublishError: what an interrupted sweep was deleting cannot be read.
    """
    now = datetime.now(tz=UTC)
    champion = read_champion(home.registry)
    if not force:
        refuse_jump(home, champion, now)
    due = retention.find_expired(home, policy, champion.bundle_id if champion else "", now.date())
    for kind, reason in due.unreadable.items():
        log.warning("cannot be read in %s/: %s", kind, reason)
    if dry_run:
        items = [retention.measure(home, each) for each in due.expired]
        return prove(items, now, unreadable=due.unreadable)
    proof, left = sweep(home, due, now)
    for each, number in Counter(left).items():
        log.warning("not deleted in %s/: %d: %s", each.kind, number, each.reason)
    return proof


@step("sweep-prefect")
def sweep_prefect(home: Locations, policy: RetentionPolicy, *, dry_run: bool) -> list[Swept]:
    """Delete our flows' runs that are past their time; Prefect's server deletes their logs with them."""
    now = datetime.now(tz=UTC)
    limit = now - timedelta(days=policy.prefect_days)
    days: list[date] = []
    try:
        while runs := _ended_before(limit, skip=len(days) if dry_run else 0):
            days.extend(runs.values() if dry_run else _delete(runs))
    finally:  # `days` has what was deleted before an error came
        proof = Swept(
            at=now,
            kind="prefect",
            deleted=len(days),
            oldest=min(days, default=None),
            newest=max(days, default=None),
            bytes=None,
        )
        if not dry_run:
            write_proof(home.retention_log, [proof])
    return [proof]


@step("report-retention")
def report_retention(proof: list[Swept], *, dry_run: bool) -> str:
    """Say in a line what was deleted, or would be.

    Raises:
        PublishError: something that is past its time is still there, or may be.
    """
    gone, left = Counter[str](), Counter[str]()
    for each in proof:
        gone[each.kind] += each.deleted
        left[each.kind] += each.failed
    said = f"{'Would delete' if dry_run else 'Deleted'} {_listed(gone)}."
    log.info(said)
    faults = []
    if left.total():
        faults.append(f"past their time, and not deleted: {_listed(+left)}")
    if unreadable := [each.kind for each in proof if each.unreadable]:
        faults.append(f"cannot be read, and may hold what is past its time: {', '.join(unreadable)}")
    if faults:
        raise PublishError(
            f"{'; '.join(faults)}; the run's warnings say why. Mend the rights or the disk there (what did"
            f" not go is called {retention.HIDDEN}*), then run python flows/retention_flow.py."
        )
    return said


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{kind}: {number}" for kind, number in counts.items())


def _ended_before(moment: datetime, skip: int) -> dict[UUID, date]:
    """Give the next of our runs that ended before a moment, with the days of their ends."""
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(TERMINAL_STATES))),
        end_time=FlowRunFilterEndTime(before_=moment),
    )
    ours = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_filter=ours, flow_run_filter=wanted, limit=_AT_A_TIME, offset=skip)
    return {run.id: run.end_time.date() for run in runs if run.end_time is not None}


def _delete(runs: dict[UUID, date]) -> Iterator[date]:
    """Delete runs; give the day of each once it is gone."""
    with get_client(sync_client=True) as client:
        for run, day in runs.items():
            with suppress(ObjectNotFound):  # the server's own vacuum was faster
                client.delete_flow_run(run)
                yield day
