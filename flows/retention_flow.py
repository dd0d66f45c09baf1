"""Delete what has expired: `python flows/retention_flow.py`, and every day as `retention/daily`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split

from schemas.operations import RetentionPolicy
from tasks.core.settings import load_config
from tasks.core.storage.locks import locked
from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard
from tasks.retention import report_retention, sweep_files, sweep_prefect


@flow(name="retention")
def retention(
    config: RetentionPolicy = RetentionPolicy(),  # noqa: B008 frozen
    dry_run: bool = False,
    force: bool = False,
) -> Ended:
    """Delete expired extracts, scores, training runs and Prefect runs; log the deletions.

    Args:
        config: The retention periods.
        dry_run: Count what would be deleted, and delete nothing.
        force: Sweep even if the last sweep was over a month ago, because the clock is right.
    """
    home = cli.locations()
    with on_dashboard():
        with locked(home.work):  # no scoring reads data while it is deleted
            proof = sweep_files(home, config, dry_run=dry_run, force=force)
        sweep_prefect(home, config, dry_run=dry_run)
        return Ended(message=report_retention(proof, dry_run=dry_run))


def main() -> Ended | None:
    """Read the flags and sweep."""
    parser = cli.Parser(description="Delete what has expired, and log what was deleted.")
    parser.add_argument("--dry-run", action="store_true", help="count what has expired, and delete nothing")
    parser.add_argument(
        "--force", action="store_true", help="sweep despite a month without sweeps: the clock is right"
    )
    cli.add_config_flags(parser, RetentionPolicy)
    flags = parser.parse_args()
    config = load_config(RetentionPolicy, flags.config, flags.set)
    return by_hand(retention, config=config, dry_run=flags.dry_run, force=flags.force)


if __name__ == "__main__":
    cli.run(main)
