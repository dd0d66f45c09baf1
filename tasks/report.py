"""Show what happened as Prefect artifacts and in the log: counts and metrics only."""

from collections.abc import Sequence
from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from schemas.manifest import MANIFEST, ScoresManifest
from schemas.reports import DataAudit
from tasks.core.bundle import Bundle
from tasks.core.extract.audit import audit
from tasks.core.extract.reading import Extract
from tasks.core.run import Run
from tasks.core.summary import audit_table, gate_table, markdown_table, metrics_table, training_summary
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
    create_markdown_artifact(
        metrics_table(evaluation), key="evaluation", description="Candidate, baselines and champion"
    )
    create_markdown_artifact(gate_table(manifest.gate), key="gate", description="The gate's decision")
    create_markdown_artifact(
        f"- bundle `{registry / 'bundles' / manifest.bundle_id}`\n- TensorBoard `{run.tensorboard}`\n",
        key="files",
        description="Where the files are",
    )
    next_command = (
        "python flows/score_flow.py --extract NEW_EXTRACT.csv"
        if manifest.gate.promotes
        else f"python flows/promote_flow.py --bundle {manifest.bundle_id} --force (only if you know better)"
    )
    get_run_logger().info(
        "\n%s", training_summary(manifest, evaluation, service=service, next_command=next_command)
    )


@step(name="report-scoring")
def report_scoring(published: Sequence[Path], rejected: Sequence[str]) -> str:
    """Show where the scores are and what was rejected; say the whole in a line."""
    rows = []
    for folder in published:
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
    lines = [markdown_table(heads, rows), *(f"- rejected: {reason}" for reason in rejected)]
    create_markdown_artifact("\n".join(lines), key="scoring", description="What was scored, and where it is")
    get_run_logger().info("\n%s", "\n".join(lines))
    return f"{len(published)} extracts scored, {len(rejected)} rejected."
