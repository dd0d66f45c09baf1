"""Move the champion pointer after a training run."""

from datetime import UTC, datetime
from pathlib import Path

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import promote_bundle
from tasks.core.steps import step


@step("promote")
def promote(bundle: Bundle, champion: Bundle | None, registry: Path, *, dry_run: bool) -> str:
    """Put an accepted candidate into service; return a line that says what is in service now."""
    candidate = bundle.manifest.bundle_id
    current = champion.manifest.bundle_id if champion is not None else None
    unchanged = f"In service: {current or 'nothing yet'}; unchanged"
    if dry_run:
        return f"{unchanged} because of --dry-run. Candidate {candidate} is sealed."
    if not bundle.manifest.gate.promotes:
        return f"{unchanged}. Candidate {candidate} was REFUSED by the gate."
    if champion is not None and champion.scoring_sha256 == bundle.scoring_sha256:
        return f"{unchanged}: the candidate is the same model."
    promote_bundle(registry, bundle, expected=current, forced=False, at=datetime.now(tz=UTC))
    return f"In service: {candidate}, promoted" + (f" over {current}." if current else ".")
