"""Keep the pointer to the latest scores, and say when they are stale or drifted."""

from datetime import UTC, datetime
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.operations import AlarmPolicy
from tasks.core import latest
from tasks.core.bundle import Bundle
from tasks.core.drift import find_drift
from tasks.core.freshness import stale
from tasks.step import step


@step(name="point-to-latest")
def point_to_latest(scores: Path, champion: Bundle) -> None:
    """Swap the pointer to the latest scores, as the manifests tell them."""
    found = latest.point_to_latest(scores, champion.manifest.bundle_id)
    if found is not None:
        get_run_logger().info("latest scores: %s", found.folder)


@step(name="check-freshness")
def check_freshness(scores: Path, alarms: AlarmPolicy) -> str | None:
    """Warn where the latest scores are stale; None where they are not, or where there are none yet."""
    found = latest.read_latest(scores)
    said = stale(found.as_of_date, datetime.now(tz=UTC), alarms.max_age_hours) if found else None
    if said is not None:
        get_run_logger().warning("stale: %s", said)
    return said


@step(name="check-drift")
def check_drift(scores: Path, scored: list[Path], alarms: AlarmPolicy) -> str | None:
    """Warn where the latest scores, if this run made them, drifted; None where they did not."""
    found = latest.read_latest(scores)
    ours = found is not None and found.folder in {folder.name for folder in scored}
    said = find_drift(scores, alarms) if ours else None
    if said is not None:
        get_run_logger().warning("drifted: %s", said)
    return said
