"""Move the champion pointer, after a training or as an operator asks."""

from datetime import UTC, datetime
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.manifest import Champion
from tasks.core import registry as registering
from tasks.core.bundle import Bundle
from tasks.step import step


@step(name="promote")
def promote(bundle: Bundle, champion: Bundle | None, registry: Path, *, dry_run: bool) -> str:
    """Put an accepted candidate into service; say in a line what is in service now."""
    candidate = bundle.manifest.bundle_id
    current = champion.manifest.bundle_id if champion is not None else None
    unchanged = f"In service: {current or 'nothing yet'}; unchanged"
    if dry_run:
        return f"{unchanged}, as --dry-run asks. Candidate {candidate} is sealed."
    if not bundle.manifest.gate.promotes:
        return f"{unchanged}. Candidate {candidate} is REFUSED by the gate."
    if champion is not None and champion.scoring_sha256 == bundle.scoring_sha256:
        return f"{unchanged}: the candidate is the very same model."
    registering.promote(registry, bundle, expected=current, forced=False, at=datetime.now(tz=UTC))
    return f"In service: {candidate}, promoted" + (f" over {current}." if current else ".")


@step(name="promote-by-hand")
def promote_by_hand(registry: Path, bundle_id: str, *, force: bool) -> Champion:
    """Put a sealed bundle into service as an operator asks.

    Raises:
        RegistryError: there is no such bundle, or its gate refused it and `force` is not given.
        BundleError: the bundle does not verify.
    """
    bundle = registering.find_bundle(registry, bundle_id)
    champion = registering.read_champion(registry)
    expected = champion.bundle_id if champion else None
    return registering.promote(registry, bundle, expected=expected, forced=force, at=datetime.now(tz=UTC))


@step(name="roll-back")
def roll_back(registry: Path, *, force: bool) -> Champion:
    """Put the previous champion back into service."""
    moved = registering.roll_back(registry, forced=force, at=datetime.now(tz=UTC))
    get_run_logger().info("in service: %s, rolled back from %s", moved.bundle_id, moved.previous)
    return moved
