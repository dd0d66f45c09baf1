"""Score new extracts: `python flows/score_flow.py`, and every night as `score/nightly`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
from datetime import date
from pathlib import Path

from schemas.config import LOCAL, ScoreConfig
from tasks.core.intake.delivery import identify
from tasks.core.intake.hash_ahead import HashAhead
from tasks.core.loading import uncollected
from tasks.core.settings import load_config
from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard


@flow(name="score")
def score(
    extract: Path | None = None,
    as_of: date | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
    force: bool = False,
    runner: str = LOCAL,
) -> Ended:
    """Score an extract, or drain the inbox; one bad extract does not stop the others.

    Args:
        extract: A CRM extract; default: take, score and archive every extract in the inbox.
        as_of: The day the extract describes; default: the date in its name, or the file's modification day.
        config: How extracts are read and scored.
        force: Let a champion trained on simulated customers score real ones.
        runner: Where to score: `threads` in this process, `dask` for worker processes here, or
            `dask://host:port` for a cluster.
    """
    identify_by = HashAhead(extract) if extract is not None else identify
    # Both here, because Prefect's client loads meanwhile, in the process that reports this run.
    with uncollected():
        from tasks.cluster import engine_of  # noqa: PLC0415 over a second
        from tasks.core.jobs.score_night import score_night  # noqa: PLC0415 over a second

    home = cli.locations()
    with on_dashboard(), engine_of(runner, config.threads, home.work) as engine:
        night = score_night(
            home=home,
            config=config,
            secret=cli.secret(),
            now=cli.clock(config.timezone),
            extract=extract,
            as_of=as_of,
            force=force,
            engine=engine,
            identify_by=identify_by,
        )
        if night.error is not None:
            raise night.error
    return Ended(name=cli.final_state_name(night.stale, night.drifted), message=night.summary)


def main() -> Ended | None:
    """Read the flags and score."""
    parser = cli.Parser(description="Score new CRM extracts with the champion in service.")
    parser.add_argument(
        "--extract", type=cli.path, metavar="PATH", help="CRM extract to score (default: the whole inbox)"
    )
    parser.add_argument(
        "--as-of", type=cli.day, metavar="DATE", help="day the extract describes (YYYY-MM-DD)"
    )
    parser.add_argument(
        "--force", action="store_true", help="let a champion trained on simulated customers score real ones"
    )
    parser.add_argument(
        "--runner",
        default=LOCAL,
        metavar="RUNNER",
        help="where to score: threads (default), dask (processes here) or dask://host:port (a cluster)",
    )
    cli.add_config_flags(parser, ScoreConfig)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    return by_hand(
        score,
        extract=flags.extract,
        as_of=flags.as_of,
        config=config,
        force=flags.force,
        runner=flags.runner,
    )


if __name__ == "__main__":
    cli.run(main)
