"""Sweep files and Prefect's own runs that are past their time, and prove it in a log."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger

from schemas.config import Locations
from schemas.operations import RetentionPolicy
from schemas.retention import Swept
from tasks.core import retention
from tasks.core.clock import refuse_jump
from tasks.core.errors import PublishError
from tasks.core.proof import prove, take_back, write_proof
from tasks.core.registry import read_champion
from tasks.step import step

FLOWS: Final = ("train", "score", "promote", "retention", "rerun", "present")
"""Names of this product's flows: a server may be shared, and others' runs are not ours to delete."""

_AT_A_TIME: Final = 200
"""Runs; the most that Prefect's server gives in one answer."""


@step(name="sweep-files")
def sweep_files(home: Locations, policy: RetentionPolicy, *, dry_run: bool, force: bool) -> list[Swept]:
    """Delete extracts, scores and trainings that are past their time; what does not go is proven, too.

    Raises:
        ConfigError: the clock has jumped, and `force` is not given.
        RegistryError: the champion's pointer cannot be read.
    """
    now = datetime.now(tz=UTC)
    champion = read_champion(home.registry)
    if not force:
        refuse_jump(home, champion, now)
    due = retention.find_expired(home, policy, champion.bundle_id if champion else "", now.date())
    for kind, reason in due.unreadable.items():
        get_run_logger().warning("cannot be read in %s/: %s", kind, reason)
    if dry_run:
        return prove(due.expired, now, due.unreadable)
    hidden = retention.hide(due.expired)
    proof = prove(hidden, now, due.unreadable)
    write_proof(home.retention_log, proof)
    left = retention.delete(hidden)
    for (kind, reason), number in Counter((each.kind, reason) for each, reason in left).items():
        get_run_logger().warning("not deleted in %s/: %d: %s", kind, number, reason)
    taken_back = take_back([each for each, _ in left], now)
    write_proof(home.retention_log, taken_back)
    return proof + taken_back


@step(name="sweep-prefect")
def sweep_prefect(home: Locations, policy: RetentionPolicy, *, dry_run: bool) -> list[Swept]:
    """Delete our flows' runs that are past their time; Prefect's server deletes their logs with them."""
    now = datetime.now(tz=UTC)
    runs = _ended_before(now - timedelta(days=policy.prefect_days))
    days = [_end(run) for run in runs]
    proof = Swept(
        at=now,
        kind="prefect",
        deleted=len(runs),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        bytes=None,
    )
    if not dry_run:
        write_proof(home.retention_log, [proof])
        _delete(runs)
    return [proof]


@step(name="report-retention")
def report_retention(proof: list[Swept], *, dry_run: bool) -> str:
    """Say in a line what was deleted, or would be.

    Raises:
        PublishError: something that is past its time is still there, or may be.
    """
    gone, left = Counter[str](), Counter[str]()
    for each in proof:
        gone[each.kind] += each.deleted - each.failed
        left[each.kind] += each.failed
    said = f"{'Would delete' if dry_run else 'Deleted'} {_listed(gone)}."
    get_run_logger().info(said)
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


def _ended_before(moment: datetime) -> list[FlowRun]:
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(TERMINAL_STATES))),
        end_time=FlowRunFilterEndTime(before_=moment),
    )
    ours = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    found: list[FlowRun] = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_filter=ours, flow_run_filter=wanted, limit=_AT_A_TIME, offset=len(found)
        ):
            found += page
    return found


def _delete(runs: list[FlowRun]) -> None:
    with get_client(sync_client=True) as client:
        for run in runs:
            with suppress(ObjectNotFound):  # the server's own vacuum was faster
                client.delete_flow_run(run.id)


def _end(run: FlowRun) -> date:
    assert run.end_time is not None, "the filter asks for it"
    return run.end_time.date()
