"""The names that other teams may import; they will not move (docs/integration.md)."""

from schemas.config import IngestConfig
from tasks.core.bundle.bundle_files import Bundle, open_bundle
from tasks.core.bundle.registry import open_champion
from tasks.core.bundle.scorer import Scorer
from tasks.core.errors import BundleError, ChurnError, ExtractError, RegistryError
from tasks.core.extract.whole.in_memory import Extract, read_extract

__all__ = [
    "Bundle",
    "BundleError",
    "ChurnError",
    "Extract",
    "ExtractError",
    "IngestConfig",
    "RegistryError",
    "Scorer",
    "open_bundle",
    "open_champion",
    "read_extract",
]
