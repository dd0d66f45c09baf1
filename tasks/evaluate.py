"""Evaluate the staged candidate next to baselines and champion."""

from collections.abc import Mapping

from schemas.columns import POSITIVE, TARGET
from schemas.reports import DataAudit, Evaluation
from tasks.core.bundle.bundle_files import Bundle, Staged
from tasks.core.steps import step
from tasks.core.training.data.split import Split
from tasks.core.training.evaluation.baselines import Baseline
from tasks.core.training.evaluation.evaluate import evaluate_candidate
from tasks.core.training.evaluation.side_fits import SideResults
from tasks.core.training.network.ensemble import Network
from tasks.core.training.network.training_board import TrainingBoard
from tasks.core.training_run import Run


@step("evaluate")
def evaluate(
    staged: Staged,
    network: Network,
    parts: Split,
    baselines: Mapping[str, Baseline],
    others: SideResults,
    champion: Bundle | None,
    audit: DataAudit,
    run: Run,
) -> Evaluation:
    """Score the holdout through the staged files."""
    config = run.order.config
    evaluation = evaluate_candidate(
        staged,
        parts.holdout,
        network=network,
        baselines=baselines,
        others=others,
        champion=champion,
        audit=audit,
        config=config,
    )
    label = (parts.holdout[TARGET] == POSITIVE).to_numpy()
    with TrainingBoard(run.tensorboard) as board:
        board.log_model(staged.scorer().probability(parts.holdout), label, evaluation.measures, config.fit)
        for name, baseline in baselines.items():
            measures = evaluation.baselines[name].measures
            board.log_baseline(name, baseline.probability(parts.holdout), label, measures)
    return evaluation
