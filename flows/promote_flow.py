"""Move the champion pointer by hand: `python flows/promote_flow.py --bundle ID | --rollback`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split

from schemas.config import ScoreConfig
from tasks.core.errors import ConfigError
from tasks.core.jobs.move_champion import move_champion
from tasks.core.settings import load_config
from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard


@flow(name="promote")
def promote(
    bundle: str | None = None,
    rollback: bool = False,
    force: bool = False,
    rescore: bool = False,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
) -> Ended:
    """Put a sealed bundle, or the previous champion, into service.

    Args:
        bundle: Id of a sealed bundle.
        rollback: Put the previous champion back into service.
        force: Promote although the bundle's gate refused it; recorded in the history.
        rescore: Score the last extract again with the new champion, and show what changed.
        config: How that extract is read and scored.
    """
    home = cli.locations()
    if (bundle is None) != rollback:
        raise ConfigError("exactly one of bundle or rollback is required. Pass a bundle's id, or rollback.")
    with on_dashboard():
        summary = move_champion(
            home=home,
            secret=cli.secret(),
            now=cli.clock(config.timezone),
            bundle=bundle,
            force=force,
            rescore=config if rescore else None,
        )
    return Ended(message=summary)


def main() -> Ended | None:
    """Read the flags and move the pointer."""
    parser = cli.Parser(description="Move the champion pointer, forwards or back.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--bundle", metavar="ID", help="put this bundle into service: its id or its model's")
    which.add_argument("--rollback", action="store_true", help="put the previous champion back into service")
    parser.add_argument(
        "--force", action="store_true", help="promote a bundle that its gate refused; recorded in the history"
    )
    parser.add_argument(
        "--rescore",
        action="store_true",
        help="score the last extract again with the new champion, and show what changed",
    )
    cli.add_config_flags(parser, ScoreConfig)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    return by_hand(
        promote,
        bundle=flags.bundle,
        rollback=flags.rollback,
        force=flags.force,
        rescore=flags.rescore,
        config=config,
    )


if __name__ == "__main__":
    cli.run(main)
