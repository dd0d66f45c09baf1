"""Find the last extract, and show what moves when another bundle scores it."""

from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from schemas.config import Locations
from tasks.core import movement
from tasks.core.movement import LastExtract
from tasks.core.summary import markdown_table
from tasks.step import step


@step(name="find-last-extract")
def find_last_extract(home: Locations) -> LastExtract:
    """Find the archived extract of the latest scores.

    Raises:
        ConfigError: there is none.
    """
    return movement.find_last_extract(home)


@step(name="compare-scores")
def compare_scores(before: Path, after: Path) -> str:
    """Show how far two bundles' scores of one extract are apart; say it in a line.

    Raises:
        PublishError: they are not of the same customers.
    """
    moved = movement.compare(before, after)
    rows = [
        ["customers", f"{moved.customers}"],
        ["flagged now, not before", f"{moved.flags_raised}"],
        ["flagged before, not now", f"{moved.flags_lowered}"],
        ["in another decile", f"{moved.deciles_moved}"],
        ["mean absolute change of probability", f"{moved.mean_absolute_change:.6f}"],
        ["95th percentile of it", f"{moved.p95_absolute_change:.6f}"],
    ]
    table = markdown_table(["scores before and now", "value"], rows)
    create_markdown_artifact(
        f"- before `{before}`\n- now `{after}`\n\n{table}", key="movement", description="What moved"
    )
    get_run_logger().info("\n%s", table)
    return (
        f"Flags changed: {moved.flags_raised + moved.flags_lowered} of {moved.customers}, deciles moved:"
        f" {moved.deciles_moved}, mean change of probability: {moved.mean_absolute_change:.4f}."
    )
