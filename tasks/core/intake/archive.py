"""Archive scored extracts, each with its sidecar.

The same bytes are kept only once, however often they are delivered.
"""

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

from tasks.core.errors import ExtractError
from tasks.core.intake.checksum_sidecar import SUFFIX, is_sidecar, read_sidecar, sidecar_of
from tasks.core.intake.delivery import Delivery
from tasks.core.intake.move_extract import move_both
from tasks.core.storage.atomic import make_folder, sweep_stages
from tasks.core.storage.move import move


def archive_extract(delivery: Delivery, as_of: date, archive: Path) -> Path:
    """Move a scored file to the archive, named by date, id and kind, or onto its archived copy.

    Sweeps partial copies left by killed runs; no other run may archive at the same time.

    Raises:
        ChangedError: the file has changed since it was scored.
    """
    delivery.confirm()
    (source,) = delivery.sources
    sweep_stages(make_folder(archive))
    target = find_archived(archive, delivery.extract_id)
    if target is None:
        target = archive / f"{as_of.isoformat()}-{delivery.extract_id}.{source.kind}"
    move_both(delivery.path, target)
    return target


def find_archived(archive: Path, extract_id: str) -> Path | None:
    """Find an extract's archived copy; None if it was never archived."""
    kept = (path for path in archive.glob(f"????-??-??-{extract_id}.*") if not is_sidecar(path.name))
    return min(kept, default=None)


def file_late_sidecars(inbox: Path, archive: Path) -> int:
    """Archive sidecars that arrived after their extracts were scored, if they match.

    Return how many could not be moved; they stay in the inbox and do not stop the others.
    """
    stuck = 0
    for path in inbox.glob(f"[!.]*{SUFFIX}"):
        if os.path.lexists(path.with_name(path.name.removesuffix(SUFFIX))):
            continue
        with suppress(ExtractError):
            kept = find_archived(archive, read_sidecar(path)[:16])
            if kept is not None:
                try:
                    move(path, sidecar_of(kept))
                except PermissionError:
                    stuck += 1
    return stuck
