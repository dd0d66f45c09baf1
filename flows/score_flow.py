"""New extracts to scores: `python flows/score_flow.py`, and every night as `score/nightly`."""

from flows import cli  # first: it sets what Prefect reads when it is imported

# isort: split
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from schemas.config import Locations, ScoreConfig
from tasks.cluster import LOCAL, Cluster, cluster
from tasks.core.bundle import Bundle
from tasks.core.delivery import Delivery
from tasks.core.errors import ChangedError, ExtractError
from tasks.core.files import locked, shared_folder
from tasks.core.night import Night
from tasks.core.publishing import StagedScores
from tasks.core.settings import load_config
from tasks.ingest import date_extract, identify, take_inbox
from tasks.latest import check_drift, check_freshness, point_to_latest
from tasks.publish import archive, find_published, publish, reject
from tasks.report import report_scoring
from tasks.score import cut, gather, pin_champion, score_partition
from tasks.score import score as score_customers

cli.one_line_errors()


@flow(name="score", persist_result=False)
def score(
    extract: Path | None = None,
    as_of: date | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
    force: bool = False,
    runner: str = LOCAL,
) -> State[Any]:
    """Score an extract, or drain the inbox; one bad extract does not stop the others.

    Args:
        extract: A CRM extract; absent, every extract in the inbox is taken, scored and archived.
        as_of: The day the extract speaks of; absent, its name or its file's day says so.
        config: How extracts are read and scored.
        force: Let a champion that learnt from simulated customers score real ones.
        runner: What scores: `threads` of this process, `dask` for worker processes here, or
            `dask://host:port` for a cluster.
    """
    home = cli.locations()
    champion = pin_champion(home.registry)
    night, delivered = Night(), extract is None
    with locked(home.work), cluster(runner, config.threads) as workers:  # two runs would take one extract
        run = _Run(champion, config, home, as_of, force=force, delivered=delivered, workers=workers)
        point_to_latest(home.scores, champion)
        paths, night.unfiled = take_inbox(home, config.settle_seconds) if extract is None else ([extract], [])
        for path in paths:
            try:
                _score_or_reject(path, run, night)
            except Exception as error:  # noqa: BLE001 whatever it is, the other extracts are scored
                night.unscored.append(error)
    summary = report_scoring(night)
    stale = check_freshness(home.scores, config.alarms) if delivered else None
    drifted = check_drift(home.scores, night.scored, config.alarms)
    said = " ".join(filter(None, (summary, stale, drifted)))
    if left := [*night.unscored, *night.unfiled]:
        raise left[0]  # before what is the sender's to mend: nobody else is told of this
    if night.rejected:
        raise ExtractError(f"{said} First: {night.rejected[0]}" if delivered else night.rejected[0])
    return Completed(name=cli.name_of_night(stale, drifted), message=said)


@dataclass(frozen=True)
class _Run:
    """What holds for every extract of a run."""

    champion: Bundle
    config: ScoreConfig
    home: Locations
    as_of: date | None
    force: bool
    delivered: bool
    workers: Cluster | None


def _score_or_reject(path: Path, run: _Run, night: Night) -> None:
    try:
        sent = identify(path, delivered=run.delivered)
        day = date_extract(sent, run.as_of, run.home.scores, delivered=run.delivered)
        _score_once(sent, day, run, night)
        if run.delivered:
            archive(sent, day, run.home.archive)
    except ExtractError as error:
        if run.delivered and isinstance(error, ChangedError):
            night.arriving += 1
        else:
            night.rejected.append(reject(path, error, run.home.rejected, keep=not run.delivered))


def _score_once(sent: Delivery, day: date, run: _Run, night: Night) -> None:
    champion, config, scores = run.champion, run.config, run.home.scores
    folder = find_published(sent, champion, scores)
    if folder is not None:
        night.repeated.append(folder)
        return
    if run.workers is None:
        staged = score_customers(sent, champion, day, config, scores, force=run.force)
    else:
        staged = _score_on(run.workers, sent, day, run)
    night.scored.append(publish(sent, staged, champion, day, config, scores, forced=run.force))
    point_to_latest(scores, champion)


def _score_on(workers: Cluster, sent: Delivery, day: date, run: _Run) -> StagedScores:
    champion, config, home = run.champion, run.config, run.home
    with shared_folder(home.work, f"partitions-{sent.extract_id}") as shared:
        work = {"champion": champion, "config": config, "folder": shared}
        partitions = cut(sent, config)
        scored = workers.map(score_partition, [{"partition": each, **work} for each in partitions])
        return gather(scored, shared, sent, champion, day, config, home.scores, force=run.force)


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
    parser.add_argument(
        "--runner",
        default=LOCAL,
        metavar="RUNNER",
        help="what scores: threads (default), dask (processes here) or dask://host:port (a cluster)",
    )
    cli.add_config_flags(parser)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    return score(flags.extract, flags.as_of, config, flags.force, flags.runner, return_state=True)


if __name__ == "__main__":
    cli.run(main)
