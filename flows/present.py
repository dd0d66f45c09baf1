"""Write slides about a bundle from its own numbers: `python flows/present.py`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
from pathlib import Path

from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard
from tasks.present import open_bundle
from tasks.present import present as write_presentation


@flow(name="present")
def present(bundle: str | None = None, out: Path | None = None) -> Ended:
    """Write a presentation, in French, as PowerPoint and as PDF.

    Args:
        bundle: Id of a sealed bundle; default: the champion.
        out: Folder to write into; default: `presentations/<bundle id>` in the home folder.
    """
    home = cli.locations()
    with on_dashboard():
        presented = open_bundle(home.registry, bundle)
        folder = out.absolute() if out else home.presentations / presented.manifest.bundle_id
        write_presentation(presented, home.registry, folder)
    return Ended(message=f"Presentation in {folder}.")


def main() -> Ended | None:
    """Read the flags and write the presentation."""
    parser = cli.Parser(description="Write a presentation of a model, in French, as PowerPoint and as PDF.")
    parser.add_argument(
        "--bundle",
        metavar="ID",
        help="present this bundle: its id or its model's (default: the champion)",
    )
    parser.add_argument(
        "--out", type=cli.path, metavar="FOLDER", help="write here (default: var/presentations/<bundle id>)"
    )
    flags = parser.parse_args()
    return by_hand(present, bundle=flags.bundle, out=flags.out)


if __name__ == "__main__":
    cli.run(main)
