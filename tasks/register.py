"""Load the champion to compare the candidate with, and seal the candidate into a bundle."""

from datetime import UTC, datetime
from pathlib import Path

from schemas.manifest import BundleManifest
from schemas.reports import JudgedEvaluation
from schemas.split import SplitCuts
from tasks.core.bundle.bundle_files import Bundle, Staged, bundle_id, open_bundle, seal
from tasks.core.bundle.registry import BUNDLES, open_champion, sweep
from tasks.core.errors import BundleError, RegistryError
from tasks.core.extract.whole.in_memory import Extract
from tasks.core.provenance import config_sha256, git_commit, versions
from tasks.core.steps import log, step
from tasks.core.storage.seals import seal_files
from tasks.core.training_run import Run

CODE = Path(__file__).parent


@step("open-champion")
def load_champion(registry: Path) -> Bundle | None:
    """Open and verify the champion in service, if any; remove what killed promotions left behind.

    Raises:
        RegistryError: there is a champion, but it cannot be read or verified: nothing can be
            compared with it, so nothing may replace it.
    """
    sweep(registry)
    try:
        bundle = open_champion(registry)
    except BundleError as error:
        raise RegistryError(f"the champion in service does not verify: {error}") from None
    in_service = "none" if bundle is None else bundle.manifest.bundle_id
    log.info("champion in service: %s", in_service)
    return bundle


@step("register")
def register(
    staged: Staged,
    extract: Extract,
    cuts: SplitCuts,
    evaluation: JudgedEvaluation,
    run: Run,
    seconds: float,
    registry: Path,
) -> Bundle:
    """Seal the staged candidate, whether accepted or refused, and open it as any reader would."""
    config = run.order.config
    files = seal_files(staged.folder)
    manifest = BundleManifest(
        bundle_id=bundle_id(files),
        files=files,
        simulated=extract.simulated,
        extract=extract.identity,
        config=config,
        config_sha256=config_sha256(config),
        horizon=evaluation.horizon,
        split=cuts,
        metrics=evaluation.measures,
        gate=evaluation.gate,
        versions=versions(),
        git_commit=git_commit(CODE),
        created_at=datetime.now(tz=UTC),
        training_seconds=seconds,
    )
    folder = seal(staged.folder, registry / BUNDLES, manifest)
    log.info(
        "sealed: bundle %s, model %s (gate: %s)", manifest.bundle_id, manifest.model_id, manifest.gate.outcome
    )
    return open_bundle(folder)
