"""Render an evaluation as a self-contained HTML page: no requests, no scripts, no customer rows."""

from collections.abc import Mapping
from typing import Final

from schemas.config import TrainConfig
from schemas.reports import JudgedEvaluation, ModelReport
from tasks.core.report import plots
from tasks.core.report.sentences import describe_example, render

STRONGEST: Final = 6
"""Number of response curves, for the most influential columns."""


def write_page(
    evaluation: JudgedEvaluation,
    *,
    title: str,
    extract_id: str,
    config: TrainConfig,
    versions: Mapping[str, str],
    files: Mapping[str, str],
) -> str:
    """Render the page from evaluation.json; `files` maps names to SHA-256."""
    e = evaluation
    others: dict[str, ModelReport] = {"teacher": e.teacher} if e.teacher is not None else {}
    others |= e.baselines
    if e.champion is not None:
        others["champion (customers unseen by it)"] = e.champion
    difference = e.parity.max_difference
    return render(
        "page.html.jinja",
        e,
        examples=[describe_example(each) for each in e.reasons.examples],
        id=title,
        extract_id=extract_id,
        others=others,
        plots=draw(e, config.gate.auc_margin),
        parity="not finite" if difference is None else f"{difference:.1e}",
        config=config.model_dump_json(),
        versions=versions,
        files=files,
    )


def draw(e: JudgedEvaluation, margin: float) -> dict[str, str | list[str]]:
    """Draw every plot on the page as inline SVG, by name; `margin` is the gate's, in ROC-AUC."""
    evidence = e.evidence
    strongest = [column for each in evidence.influence for column in each.columns][:STRONGEST]
    responses = {response.column: response for response in evidence.responses}
    return {
        "evidence": plots.evidence(e.cross_fit, margin) if e.cross_fit else "",
        "roc": plots.curves(evidence.roc, x="false-positive rate", y="recall", diagonal=True),
        "precision_recall": plots.curves(
            evidence.precision_recall, x="recall", y="precision", diagonal=False
        ),
        "calibration": plots.calibration(evidence.calibration),
        "scores": plots.scores(evidence.scores, e.threshold),
        "gains": plots.gains(evidence.deciles),
        "lift": plots.lift(evidence.deciles),
        "thresholds": plots.thresholds(evidence.thresholds, e.threshold),
        "learning": [
            plots.learning(e.training.learning_curves, e.training.best_epochs, metric, title)
            for metric, title in (("loss", "loss"), ("roc_auc", "ROC-AUC"), ("f1", "F1"))
        ],
        "influence": plots.influence(evidence.influence),
        "weights": plots.weights(e.reasons.columns),
        "worked": [plots.worked(example) for example in e.reasons.examples],
        "responses": [plots.response(responses[column]) for column in strongest],
    }
