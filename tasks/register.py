"""Open the champion, start a run, seal a bundle, move the champion pointer."""

from datetime import UTC, datetime
from pathlib import Path

from prefect.logging import get_run_logger

from schemas.manifest import Champion, ExtractIdentity
from schemas.reports import JudgedEvaluation
from schemas.split import SplitCuts
from tasks.core import registry as registering
from tasks.core.bundle import Bundle, Staged, open_bundle, seal
from tasks.core.errors import BundleError, RegistryError
from tasks.core.extract.reading import Extract
from tasks.core.provenance import config_sha256, git_commit, versions
from tasks.core.run import Order, Run, new_run, resume_run
from tasks.step import step

CODE = Path(__file__).parent


@step(name="open-champion")
def open_champion(registry: Path) -> Bundle | None:
    """Open and verify the champion in service, if there is one.

    Raises:
        RegistryError: there is a champion, but it cannot be read or verified: nothing may be
            compared with it, so nothing may replace it.
    """
    try:
        bundle = registering.open_champion(registry)
    except BundleError as error:
        raise RegistryError(f"the champion in service does not verify: {error}") from None
    in_service = "none" if bundle is None else bundle.manifest.bundle_id
    get_run_logger().info("champion in service: %s", in_service)
    return bundle


@step(name="start-run")
def start_run(runs: Path, order: Order, resume: str | None) -> Run:
    """Start a training run, or find the one to go on with."""
    if resume is not None:
        return resume_run(runs, resume)
    return new_run(runs, order, now=datetime.now(tz=UTC))


@step(name="register")
def register(
    staged: Staged,
    extract: Extract,
    cuts: SplitCuts,
    evaluation: JudgedEvaluation,
    run: Run,
    seconds: float,
    registry: Path,
) -> Bundle:
    """Seal the staged candidate, accepted or refused, and open it as anyone would."""
    config = run.order.config
    bundle_id = seal(
        staged.folder,
        registry / registering.BUNDLES,
        {
            "simulated": extract.simulated,
            "extract": identify(extract),
            "config": config,
            "config_sha256": config_sha256(config),
            "split": cuts,
            "metrics": evaluation.measures,
            "gate": evaluation.gate,
            "versions": versions(),
            "git_commit": git_commit(CODE),
            "created_at": datetime.now(tz=UTC),
            "training_seconds": seconds,
        },
    )
    get_run_logger().info("sealed: bundle %s (gate: %s)", bundle_id, evaluation.gate.outcome)
    return open_bundle(registry / registering.BUNDLES / bundle_id)


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
    folder = registry / registering.BUNDLES / bundle_id
    if not folder.is_dir() or folder.parent != registry / registering.BUNDLES:
        known = sorted(path.name for path in (registry / registering.BUNDLES).glob("[0-9a-f]*"))
        raise RegistryError(
            f"there is no bundle '{bundle_id}'; the registry holds {known}. Give one of them."
        )
    bundle = open_bundle(folder)
    bundle.scorer()
    if not bundle.manifest.gate.promotes and not force:
        refused = [check.name for check in bundle.manifest.gate.checks if check.verdict == "fail"]
        raise RegistryError(
            f"bundle '{bundle_id}' was refused by its gate ({', '.join(refused)})."
            " Train a better one, or insist with --force, which is recorded."
        )
    champion = registering.read_champion(registry)
    expected = champion.bundle_id if champion else None
    return registering.promote(registry, bundle, expected=expected, forced=force, at=datetime.now(tz=UTC))


@step(name="roll-back")
def roll_back(registry: Path, *, force: bool) -> Champion:
    """Put the previous champion back into service."""
    return registering.roll_back(registry, forced=force, at=datetime.now(tz=UTC))


def identify(extract: Extract) -> ExtractIdentity:
    """Say which extract something was made from, without its file name."""
    return ExtractIdentity(
        extract_id=extract.extract_id,
        sha256=extract.sha256,
        simulated=extract.simulated,
        counts=extract.counts,
    )
