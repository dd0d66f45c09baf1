"""Writers and readers broken on purpose: each must be caught by its torture test."""

import io
import time
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from schemas.config import IngestConfig
from schemas.cut_points import CutPoints
from schemas.manifest import MANIFEST, BundleManifest
from schemas.preprocessing import Spec
from tasks.core.bundle.bundle_files import CUT_POINTS, SPEC
from tasks.core.bundle.registry import BUNDLES, read_champion
from tasks.core.errors import BundleError, ExtractError
from tasks.core.extract.whole.in_memory import Extract, read_extract
from tasks.core.storage.atomic import flush_to_disk

_PIECES = 4


def replace_in_place(path: Path, data: bytes) -> None:
    """Replace a file the wrong way: slowly, piece by piece, where consumers read it."""
    size = len(data) // _PIECES + 1
    with path.open("wb") as file:
        for at in range(0, len(data), size):
            file.write(data[at : at + size])
            flush_to_disk(file)
            time.sleep(0.05)


def read_by_pandas(data: bytes) -> Extract:
    """Read an extract as most would: quotes run over line ends, and cells that are missing are filled up.

    Raises:
        ExtractError: it cannot be read at all.
    """
    try:
        table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, on_bad_lines="skip")
    except ValueError:
        raise ExtractError("this is no CSV") from None
    config = IngestConfig(max_quarantined_share=0.9)
    return read_extract(table.to_csv(index=False).encode(), "damaged.csv", "scoring", config)


def open_without_digests(registry: Path) -> None:
    """Open the champion as one must not: what keeps its format is taken for what was sealed.

    Raises:
        BundleError: a file does not keep its format.
    """
    champion = read_champion(registry)
    assert champion is not None
    folder = registry / BUNDLES / champion.bundle_id
    try:
        for name, model in ((MANIFEST, BundleManifest), (SPEC, Spec), (CUT_POINTS, CutPoints)):
            model.model_validate_json((folder / name).read_bytes())
    except ValidationError:
        raise BundleError("not of its format") from None
