"""An operator moves the champion pointer: `python flows/promote_flow.py --bundle ID | --rollback`."""

from flows import cli  # first: it sets what Prefect reads when it is imported

# isort: split
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from schemas.config import Locations, ScoreConfig
from tasks.compare import compare_scores, find_last_extract
from tasks.core.errors import ConfigError
from tasks.core.files import locked
from tasks.core.movement import LastExtract
from tasks.core.settings import load_config
from tasks.ingest import identify
from tasks.latest import point_to_latest
from tasks.promote import promote_by_hand, roll_back
from tasks.publish import find_published, publish
from tasks.score import pin_champion, score

cli.one_line_errors()


@flow(name="promote", persist_result=False)
def promote(
    bundle: str | None = None,
    rollback: bool = False,
    force: bool = False,
    rescore: bool = False,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
) -> State[Any]:
    """Put a sealed bundle, or the champion before this one, into service.

    Args:
        bundle: Id of a sealed bundle.
        rollback: Put the previous champion back into service.
        force: Promote although the bundle's gate refused it; recorded in the history.
        rescore: Score the last extract again by the new champion, and show what moved.
        config: How that extract is read and scored.
    """
    home = cli.locations()
    if (bundle is None) != rollback:
        raise ConfigError("give either a bundle's id or rollback, not both.")
    last = find_last_extract(home) if rescore else None
    moved = (
        roll_back(home.registry, force=force)
        if bundle is None
        else promote_by_hand(home.registry, bundle, force=force)
    )
    said = f"In service: {moved.bundle_id} (before: {moved.previous or 'nothing'})."
    if last is not None:
        try:
            said = f"{said} {_rescore(last, config, home, force)}"
        except Exception as error:
            # The pointer has moved: who is not told so, and rolls back once more, is at the wrong bundle.
            again = f"--bundle {moved.bundle_id} --rescore{' --force' if force else ''}"
            left = f"Finish with `{again}`, not with --rollback, which would go further back."
            cause = cli.declared(error)
            if cause is None:
                error.add_note(f"{said} Not rescored. {left}")
                raise
            raise type(cause)(f"{said} Not rescored: {cause} {left}") from error
    return Completed(message=said)


def _rescore(last: LastExtract, config: ScoreConfig, home: Locations, force: bool) -> str:
    with locked(home.work):
        champion = pin_champion(home.registry)
        sent = identify(last.path, delivered=False)
        folder = find_published(sent, champion, home.scores)
        if folder is None:
            staged = score(sent, champion, last.as_of, config, home.scores, force=force)
            folder = publish(sent, staged, champion, last.as_of, config, home.scores, forced=force)
        point_to_latest(home.scores, champion)
        return compare_scores(last.folder, folder)


def main() -> State[Any] | None:
    """Read the flags and move the pointer."""
    parser = cli.Parser(description="Move the champion pointer, forwards or back.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--bundle", metavar="ID", help="put this sealed bundle into service")
    which.add_argument("--rollback", action="store_true", help="put the previous champion back into service")
    parser.add_argument(
        "--force", action="store_true", help="promote a bundle that its gate refused; recorded in the history"
    )
    parser.add_argument(
        "--rescore",
        action="store_true",
        help="score the last extract again by the new champion and show what moved",
    )
    cli.add_config_flags(parser)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    return promote(flags.bundle, flags.rollback, flags.force, flags.rescore, config, return_state=True)


if __name__ == "__main__":
    cli.run(main)
