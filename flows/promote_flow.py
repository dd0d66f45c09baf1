"""An operator moves the champion pointer: `python flows/promote_flow.py --bundle ID | --rollback`."""

from flows import cli  # first: it sets what Prefect reads when it is imported

# isort: split
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.core.errors import ConfigError
from tasks.promote import promote_by_hand, roll_back

cli.one_line_errors()


@flow(name="promote", persist_result=False)
def promote(bundle: str | None = None, rollback: bool = False, force: bool = False) -> State[Any]:
    """Put a sealed bundle, or the champion before this one, into service.

    Args:
        bundle: Id of a sealed bundle.
        rollback: Put the previous champion back into service.
        force: Promote although the bundle's gate refused it; recorded in the history.
    """
    home = cli.locations()
    if (bundle is None) != rollback:
        raise ConfigError("give either a bundle's id or rollback, not both.")
    moved = (
        roll_back(home.registry, force=force)
        if bundle is None
        else promote_by_hand(home.registry, bundle, force=force)
    )
    return Completed(message=f"In service: {moved.bundle_id} (before: {moved.previous or 'nothing'}).")


def main() -> State[Any] | None:
    """Read the flags and move the pointer."""
    parser = cli.Parser(description="Move the champion pointer, forwards or back.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--bundle", metavar="ID", help="put this sealed bundle into service")
    which.add_argument("--rollback", action="store_true", help="put the previous champion back into service")
    parser.add_argument(
        "--force", action="store_true", help="promote a bundle that its gate refused; recorded in the history"
    )
    flags = parser.parse_args()
    return promote(flags.bundle, flags.rollback, flags.force, return_state=True)


if __name__ == "__main__":
    cli.run(main)
