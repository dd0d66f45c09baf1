"""Open the requested bundle and write its presentation."""

from pathlib import Path

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import find_bundle, no_champion, open_champion, read_champion
from tasks.core.errors import RegistryError
from tasks.core.presentation.pdf import write_pdf
from tasks.core.presentation.powerpoint import write_powerpoint
from tasks.core.presentation.slides import make_deck
from tasks.core.steps import log, step
from tasks.core.storage.atomic import make_folder, replace_file

POWERPOINT = "presentation.pptx"
PDF = "presentation.pdf"


@step("open-bundle")
def open_bundle(registry: Path, bundle_id: str | None) -> Bundle:
    """Open and verify a bundle; without an id, the champion.

    Raises:
        RegistryError: there is no champion, or no such bundle.
        BundleError: the bundle fails verification.
    """
    if bundle_id is not None:
        return find_bundle(registry, bundle_id)
    champion = open_champion(registry)
    if champion is None:
        raise RegistryError(f"{no_champion(registry, 'present')} Or give --bundle.")
    return champion


@step("present")
def present(bundle: Bundle, registry: Path, folder: Path) -> None:
    """Write a bundle's presentation into a folder, replacing an earlier one."""
    manifest = bundle.manifest
    champion = read_champion(registry)
    in_service = champion is not None and champion.bundle_id == manifest.bundle_id
    deck = make_deck(bundle.evaluation, manifest, in_service=in_service)
    make_folder(folder)
    replace_file(folder / POWERPOINT, write_powerpoint(deck))
    replace_file(folder / PDF, write_pdf(deck))
    log.info("presented: %s and %s in %s", POWERPOINT, PDF, folder)
