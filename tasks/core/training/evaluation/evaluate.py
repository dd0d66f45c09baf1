"""Evaluate a staged candidate, the baselines and the champion on the same holdout."""

from collections.abc import Mapping

import pandas as pd

from schemas.columns import CATEGORIES, POSITIVE, TARGET
from schemas.config import TrainConfig
from schemas.disclosure import SMALLEST_CELL
from schemas.horizon import Horizon
from schemas.reports import (
    ChampionReport,
    DataAudit,
    Evaluation,
    ModelReport,
    SliceReport,
    TeacherReport,
)
from tasks.core.bundle.bundle_files import Bundle, Staged
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model, published
from tasks.core.horizon import are_comparable
from tasks.core.intervals import proportion
from tasks.core.training.arrays import Bools, Floats
from tasks.core.training.data.split import unseen_by
from tasks.core.training.evaluation.baselines import Baseline
from tasks.core.training.evaluation.contributions import explained
from tasks.core.training.evaluation.evidence import collect_evidence
from tasks.core.training.evaluation.parity import measure_parity
from tasks.core.training.evaluation.protected import cost_of_leaving_out
from tasks.core.training.evaluation.side_fits import SideResults
from tasks.core.training.evaluation.teacher import agreement
from tasks.core.training.metrics.classification import confusion, measure
from tasks.core.training.metrics.delong import paired_difference
from tasks.core.training.network.ensemble import Network

SLICES = ("gender", "SeniorCitizen", "Contract")
"""Columns by which customers are grouped and compared."""


def evaluate_candidate(
    candidate: Staged,
    holdout: pd.DataFrame,
    *,
    network: Network,
    baselines: Mapping[str, Baseline],
    others: SideResults,
    champion: Bundle | None,
    audit: DataAudit,
    config: TrainConfig,
) -> Evaluation:
    """Score the holdout with the staged bundle; report every metric with its interval.

    The champion is compared on the holdout customers it was not trained on, and not at all if only
    one of the two was trained on simulated customers, or if both declare horizons that differ.

    Raises:
        BundleError: a probability is not a number between 0 and 1.
    """
    horizon, settings = Horizon.of(config.outcome), config.evaluation
    label = (holdout[TARGET] == POSITIVE).to_numpy()
    scorer = candidate.scorer()
    probability = scorer.probability(holdout)
    threshold = candidate.cut_points.threshold

    def report(other: Floats, cut: float, rows: Bools | slice = slice(None)) -> ModelReport:
        return ModelReport(
            measures=measure(
                other[rows],
                label[rows],
                threshold=cut,
                resamples=settings.bootstrap_resamples,
                seed=settings.bootstrap_seed,
            ),
            confusion=confusion(other[rows], label[rows], threshold=cut),
            difference=paired_difference(probability[rows], other[rows], label[rows]),
        )

    simple = {name: baseline.probability(holdout) for name, baseline in baselines.items()}
    own = report(probability, threshold)
    champion_report = None
    if (
        champion is not None
        and champion.manifest.simulated == audit.simulated
        and are_comparable(horizon, champion.manifest.horizon)
    ):
        theirs = champion.scorer().probability(holdout)
        unseen = unseen_by(holdout, champion.manifest.split)
        champion_report = ChampionReport(
            bundle_id=champion.manifest.bundle_id,
            same_model=champion.scoring_sha256 == candidate.scoring_sha256,
            horizon=champion.manifest.horizon,
            **dict(report(theirs, champion.cut_points.threshold, unseen)),
        )
    matrix = encode(holdout, candidate.spec)
    teacher_report = None
    if candidate.teacher is not None:
        teacher = Model(candidate.teacher)
        followed = agreement(Model(candidate.onnx), teacher, matrix)
        teacher_report = TeacherReport(
            mean_difference=followed.mean_difference,
            same_first_reason=followed.same_first_reason,
            shared_reasons=followed.shared_reasons,
            **dict(report(published(teacher.probability(matrix)), threshold)),
        )
    return Evaluation(
        simulated=audit.simulated,
        horizon=horizon,
        audit=audit,
        training=network.report,
        threshold=threshold,
        measures=own.measures,
        confusion=own.confusion,
        baselines={name: report(simple[name], baseline.threshold) for name, baseline in baselines.items()},
        champion=champion_report,
        teacher=teacher_report,
        cross_fit=others.cross_fit,
        protected=None
        if others.without_protected is None
        else cost_of_leaving_out(probability, others.without_protected, label),
        slices={
            column: {
                value: _slice(probability[rows] >= threshold, label[rows])
                for value in CATEGORIES[column]
                if (rows := (holdout[column] == value).to_numpy()).any()
            }
            for column in SLICES
        },
        parity=measure_parity(network.model, network.platt, candidate.onnx, matrix),
        reasons=explained(candidate, holdout),
        evidence=collect_evidence(
            holdout,
            label,
            scorer.probability,
            others=simple,
            threshold=threshold,
            other_thresholds={name: baseline.threshold for name, baseline in baselines.items()},
            inputs=tuple(encoding.column for encoding in candidate.spec.encodings),
            seed=settings.bootstrap_seed,
        ),
    )


def _slice(flagged: Bools, label: Bools) -> SliceReport:
    customers, left = len(label), int(label.sum())
    shown = customers >= SMALLEST_CELL
    return SliceReport(
        customers=customers,
        churn_share=left / customers if shown else None,
        flagged_share=float(flagged.mean()) if shown else None,
        recall=proportion(int((flagged & label).sum()), left),
        false_positive_rate=proportion(int((flagged & ~label).sum()), customers - left),
    )
