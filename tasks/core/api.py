"""The names that other teams may import; they will not move (docs/integration.md)."""

from schemas.config import IngestConfig
from tasks.core.bundle.bundle_files import Bundle, open_bundle
from tasks.core.bundle.registry import open_champion
from tasks.core.bundle.scorer import Scorer
from tasks.core.errors import BundleError, ChurnError, ContactsError, ExtractError, RegistryError
from tasks.core.extract.whole.in_memory import Extract, read_extract
from tasks.core.intake.contact_lists import read_objections

__all__ = [
    "Bundle",
    "BundleError",
    "ChurnError",
    "ContactsError",
    "Extract",
    "ExtractError",
    "IngestConfig",
    "RegistryError",
    "Scorer",
    "open_bundle",
    "open_champion",
    "read_extract",
    "read_objections",
]
