"""Report results as Prefect artifacts and in the log: counts and metrics only."""

from pathlib import Path

from schemas.reports import DataAudit
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import BUNDLES, read_champion
from tasks.core.extract.whole.data_audit import audit
from tasks.core.extract.whole.in_memory import Extract
from tasks.core.horizon import is_newly_declared
from tasks.core.report.summary import (
    SIMULATED,
    audit_table,
    gate_table,
    metrics_table,
    training_summary,
)
from tasks.core.steps import log, show, step
from tasks.core.training_run import Run


@step("report-audit")
def report_audit(extract: Extract) -> DataAudit:
    """Describe the extract in counts and ranges."""
    described = audit(extract)
    show(audit_table(described), key="data-audit", description="What the extract holds")
    return described


@step("report-training")
def report_training(bundle: Bundle, run: Run, service: str, registry: Path) -> None:
    """Show metrics against baselines, the gate's decision, what is in service and the next command."""
    manifest, evaluation = bundle.manifest, bundle.evaluation
    origin = f"**{SIMULATED}**\n\n" if manifest.simulated else ""
    show(
        origin + metrics_table(evaluation), key="evaluation", description="Candidate, champion and baselines"
    )
    show(origin + gate_table(manifest.gate), key="gate", description="The decision")
    show(
        f"{origin}- bundle `{registry / BUNDLES / manifest.bundle_id}`, model `{manifest.model_id}`\n"
        f"- TensorBoard `{run.tensorboard}`\n",
        key="files",
        description="Where the files are",
    )
    summary = training_summary(
        manifest, evaluation, service=service, next_command=_next_command(bundle, registry)
    )
    log.info("\n%s", summary, extra={"markdown": True})


def _next_command(bundle: Bundle, registry: Path) -> str:
    manifest, champion = bundle.manifest, read_champion(registry)
    met = bundle.evaluation.champion
    nothing_new = met is not None and met.same_model and not is_newly_declared(manifest.horizon, met.horizon)
    if not manifest.gate.promotes:
        return f"python flows/promote_flow.py --bundle {manifest.bundle_id} --force (only if you know better)"
    in_service = champion is not None and champion.bundle_id == manifest.bundle_id
    if not in_service and not nothing_new:
        return f"python flows/promote_flow.py --bundle {manifest.bundle_id}"
    if manifest.simulated:
        return (
            "python flows/simulate.py --out new.csv --seed 1 && python flows/score_flow.py --extract new.csv"
        )
    return "python flows/score_flow.py --extract NEW_EXTRACT.csv"
