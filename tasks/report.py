"""Show what happened as Prefect artifacts and in the log: counts and metrics only."""

from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from schemas.manifest import MANIFEST, ScoresManifest
from schemas.reports import DataAudit
from tasks.core.bundle import Bundle
from tasks.core.extract.audit import audit
from tasks.core.extract.reading import Extract
from tasks.core.night import Night
from tasks.core.registry import BUNDLES, read_champion
from tasks.core.run import Run
from tasks.core.summary import (
    SIMULATED,
    audit_table,
    gate_table,
    markdown_table,
    metrics_table,
    training_summary,
)
from tasks.step import step


@step(name="report-audit")
def report_audit(extract: Extract) -> DataAudit:
    """Describe the extract in counts and ranges."""
    described = audit(extract)
    create_markdown_artifact(audit_table(described), key="data-audit", description="What the extract holds")
    return described


@step(name="report-training")
def report_training(bundle: Bundle, run: Run, service: str, registry: Path) -> None:
    """Show metrics against baselines, the gate's decision, what is in service and what to run next."""
    manifest, evaluation = bundle.manifest, bundle.evaluation
    origin = f"**{SIMULATED}**\n\n" if manifest.simulated else ""
    create_markdown_artifact(
        origin + metrics_table(evaluation), key="evaluation", description="Candidate, baselines and champion"
    )
    create_markdown_artifact(origin + gate_table(manifest.gate), key="gate", description="The decision")
    create_markdown_artifact(
        f"{origin}- bundle `{registry / BUNDLES / manifest.bundle_id}`\n- TensorBoard `{run.tensorboard}`\n",
        key="files",
        description="Where the files are",
    )
    summary = training_summary(
        manifest, evaluation, service=service, next_command=_next_command(bundle, registry)
    )
    get_run_logger().info("\n%s", summary)


def _next_command(bundle: Bundle, registry: Path) -> str:
    manifest, champion = bundle.manifest, read_champion(registry)
    met = bundle.evaluation.champion
    if not manifest.gate.promotes:
        return f"python flows/promote_flow.py --bundle {manifest.bundle_id} --force (only if you know better)"
    in_service = champion is not None and champion.bundle_id == manifest.bundle_id
    if not in_service and not (met is not None and met.same_model):
        return f"python flows/promote_flow.py --bundle {manifest.bundle_id}"
    if manifest.simulated:
        return (
            "python flows/simulate.py --out new.csv --seed 1 && python flows/score_flow.py --extract new.csv"
        )
    return "python flows/score_flow.py --extract NEW_EXTRACT.csv"


@step(name="report-scoring")
def report_scoring(night: Night) -> str:
    """Show where the scores are, what was rejected and what stays; say the whole in a line."""
    rows = []
    for folder in (*night.scored, *night.repeated):
        manifest = ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())
        marks = " (SIMULATED)" if manifest.extract.simulated or manifest.bundle_simulated else ""
        counts = manifest.extract.counts
        rows.append(
            [
                f"{manifest.as_of_date} {manifest.extract.extract_id}{marks}",
                str(manifest.scored),
                str(manifest.flagged),
                str(manifest.out_of_domain),
                str(counts.quarantined),
                str(counts.exact_duplicates),
                f"`{folder}`",
            ]
        )
    heads = ["extract", "scored", "flagged", "out of domain", "quarantined", "duplicates", "folder"]
    lines = [markdown_table(heads, rows), *night.lines]
    create_markdown_artifact("\n".join(lines), key="scoring", description="What was scored, and where it is")
    get_run_logger().info("\n%s", "\n".join(lines))
    return night.summary
