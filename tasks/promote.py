"""Move the champion pointer after a training run."""

from datetime import UTC, datetime
from pathlib import Path

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import promote_bundle
from tasks.core.horizon import is_newly_declared
from tasks.core.steps import conclude, step


@step("promote")
def promote(bundle: Bundle, champion: Bundle | None, registry: Path, *, dry_run: bool) -> str:
    """Put an accepted candidate into service; return a line that says what is in service now.

    The champion's own model enters service again only to declare its horizon.
    """
    candidate, gate = bundle.manifest.bundle_id, bundle.manifest.gate
    current = champion.manifest.bundle_id if champion is not None else None
    unchanged = f"In service: {current or 'nothing yet'}; unchanged"
    if dry_run:
        conclude(f"{candidate} sealed, dry run")
        return f"{unchanged} because of --dry-run. Candidate {candidate} is sealed."
    if not gate.promotes:
        conclude(f"{candidate} refused")
        return f"{unchanged}. Candidate {candidate} was REFUSED by the gate."
    if (
        champion is not None
        and champion.scoring_sha256 == bundle.scoring_sha256
        and not is_newly_declared(bundle.manifest.horizon, champion.manifest.horizon)
    ):
        conclude("same model as the champion")
        return f"{unchanged}: the candidate is the same model."
    promote_bundle(registry, bundle, expected=current, forced=False, at=datetime.now(tz=UTC))
    conclude(f"{candidate} promoted, gate: {gate.outcome}")
    return f"In service: {candidate}, promoted" + (f" over {current}." if current else ".")
