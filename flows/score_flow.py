"""New extracts to scores: `python flows/score_flow.py`, and every night as `score/nightly`."""

from flows import cli  # first: it sets what Prefect reads when it is imported

# isort: split
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from schemas.config import Locations, ScoreConfig
from tasks.core.bundle import Bundle
from tasks.core.errors import BundleError, ExtractError
from tasks.core.files import locked
from tasks.ingest import date_extract, ingest, take_inbox
from tasks.publish import archive, find_published, publish, reject
from tasks.report import report_scoring
from tasks.score import pin_champion
from tasks.score import score as score_customers

cli.one_line_errors()


@flow(name="score", persist_result=False)
def score(
    extract: Path | None = None,
    as_of: date | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
    force: bool = False,
) -> State[Any]:
    """Score an extract, or drain the inbox; one bad extract does not stop the others.

    Args:
        extract: A CRM extract; absent, every extract in the inbox is taken, scored and archived.
        as_of: The day the extract speaks of; absent, its name or its file's day says so.
        config: How extracts are read and scored.
        force: Let a champion that learnt from simulated customers score real ones.
    """
    home = cli.locations()
    champion = pin_champion(home.registry)
    published, rejected, unscored = [], [], []
    with locked(home.work):  # two runs at once would take the same extract
        delivered = extract is None
        for path in take_inbox(home.inbox, home.work) if extract is None else [extract]:
            try:
                published.append(_score_one(path, champion, as_of, config, home, force, delivered=delivered))
            except ExtractError as error:
                rejected.append(reject(path, error, home.rejected, keep=not delivered))
            except BundleError as error:
                unscored.append(error)
    summary = report_scoring(published, rejected, unscored)
    if rejected:
        raise ExtractError(f"{summary} First: {rejected[0]}" if delivered else rejected[0])
    if unscored:
        raise unscored[0]
    return Completed(message=summary)


def _score_one(
    path: Path,
    champion: Bundle,
    asked: date | None,
    config: ScoreConfig,
    home: Locations,
    force: bool,
    *,
    delivered: bool,
) -> Path:
    as_of = date_extract(path, asked)
    data = ingest(path, "scoring", config.ingest, delivered=delivered)
    folder = find_published(data, champion, home.scores)
    if folder is None:
        scores = score_customers(data, champion, force=force)
        folder = publish(scores, data, champion, as_of, config, home.scores, forced=force)
    if delivered:
        archive(path, data, as_of, home.archive)
    return folder


def main() -> State[Any] | None:
    """Read the flags and score."""
    parser = cli.Parser(description="Score new CRM extracts by the champion in service.")
    parser.add_argument(
        "--extract", type=Path, metavar="PATH", help="CRM extract to score; the whole inbox without it"
    )
    parser.add_argument(
        "--as-of", type=cli.day, metavar="DATE", help="day the extract speaks of (YYYY-MM-DD)"
    )
    parser.add_argument(
        "--force", action="store_true", help="let a champion trained on simulated customers score real ones"
    )
    cli.add_config_flags(parser)
    flags = parser.parse_args()
    config = cli.load_config(ScoreConfig, flags.config, flags.set)
    return score(flags.extract, flags.as_of, config, flags.force, return_state=True)


if __name__ == "__main__":
    cli.run(main)
