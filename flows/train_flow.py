"""Train a champion from an extract: `python flows/train_flow.py`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
from pathlib import Path

from schemas.config import TrainConfig
from tasks.core.errors import ConfigError
from tasks.core.extract.whole.in_memory import Extract
from tasks.core.settings import load_config
from tasks.core.training_run import Order, Run
from tasks.cross_fit import cross_fit, start_side_fits
from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard
from tasks.document import document
from tasks.evaluate import evaluate
from tasks.export import stage
from tasks.gate import gate
from tasks.ingest import ingest, ingest_simulated
from tasks.preprocess import fit_spec, split
from tasks.promote import promote
from tasks.register import load_champion, register
from tasks.report import report_audit, report_training
from tasks.search import search as search_hyper_parameters
from tasks.train import start_run, train_baselines
from tasks.train import train as train_network


@flow(name="train")
def train(
    extract: Path | None = None,
    config: TrainConfig = TrainConfig(),  # noqa: B008 frozen
    resume: str | None = None,
    dry_run: bool = False,
    search: int = 0,
) -> Ended:
    """Train on an extract (default: a simulated one), judge the candidate, promote it if the gate passes.

    Args:
        extract: A labelled CRM extract; default: simulated customers.
        config: How the model is trained and judged.
        resume: Id of an interrupted run to resume; its own extract and config are used.
        dry_run: Judge and seal, but do not promote.
        search: Number of trials in a hyper-parameter search before training; 0 for no search.
    """
    home = cli.locations()
    with on_dashboard():
        champion = load_champion(home.registry)
        order = Order(extract=extract and extract.absolute(), config=config, search=search)
        run = start_run(home.runs, order, resume)
        data = _ingest(run)
        audit = report_audit(data)
        parts = split(data.customers, run.order.config.split)
        run = search_hyper_parameters(parts, run)
        spec = fit_spec(parts, run.order.config.encoding)
        with start_side_fits(data.customers, parts, run) as beside:
            network, seconds = train_network(parts, spec, run)
            baselines = train_baselines(parts)
            others = cross_fit(beside, parts, network, spec, baselines)
        staged = stage(network, spec, run)
        evaluation = evaluate(staged, network, parts, baselines, others, champion, audit, run)
        judged = gate(evaluation, run.order.config.gate, champion, staged)
        document(staged, judged, data, run)
        bundle = register(staged, data, parts.cuts, judged, run, seconds, home.registry)
        service = promote(bundle, champion, home.registry, dry_run=dry_run)
        report_training(bundle, run, service, home.registry)
    return Ended(name=None if judged.gate.promotes else cli.REFUSED, message=service)


def _ingest(run: Run) -> Extract:
    config = run.order.config
    if run.order.extract is None:
        return ingest_simulated(config.simulation, config.ingest)
    return ingest(run.order.extract, config.ingest)


def main() -> Ended | None:
    """Read the flags and train."""
    parser = cli.Parser(description="Train, judge and promote a churn model.")
    parser.add_argument(
        "--extract", type=cli.path, metavar="PATH", help="labelled CRM extract (default: simulated customers)"
    )
    cli.add_config_flags(parser, TrainConfig)
    parser.add_argument(
        "--search",
        type=int,
        default=0,
        metavar="N",
        help="first search hyper-parameters in N trials; the best ones are used and written to"
        " runs/<run id>/best_config.yaml for --config",
    )
    parser.add_argument("--resume", metavar="RUN_ID", help="resume an interrupted training run")
    parser.add_argument("--dry-run", action="store_true", help="judge and seal a candidate; do not promote")
    flags = parser.parse_args()
    if flags.search < 0:
        raise ConfigError("--search must not be negative. Pass the number of trials, such as 40.")
    if flags.resume and (flags.extract or flags.config or flags.set or flags.search):
        raise ConfigError(
            "--resume reuses the run's extract and settings; it cannot be combined with other flags."
        )
    config = load_config(TrainConfig, flags.config, flags.set)
    return by_hand(
        train,
        extract=flags.extract,
        config=config,
        resume=flags.resume,
        dry_run=flags.dry_run,
        search=flags.search,
    )


if __name__ == "__main__":
    cli.run(main)
