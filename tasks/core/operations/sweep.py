"""Delete what has expired so that the log stays complete, however often a sweep is killed.

Everything to delete is hidden first, then listed in a pending file, deleted and logged, and the pending
file is removed. If the next sweep finds a pending file, it logs what is already gone and not logged yet
under the time of the sweep that deleted it, and deletes the rest together with its own.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from schemas.closed import to_json
from schemas.config import Locations
from schemas.retention import Item, Pending, Swept
from tasks.core.errors import PublishError
from tasks.core.operations.deletion import Left, delete, hide
from tasks.core.operations.expiry import Due
from tasks.core.operations.retention_log import append_log, count_deletions, read_log
from tasks.core.storage.atomic import replace_file, sweep_stages, sync_folder


def sweep(home: Locations, due: Due, at: datetime) -> tuple[list[Swept], list[Left]]:
    """Delete what has expired; return the lines logged, and what could not be deleted.

    No other run may sweep at the same time: the caller holds the lock on the home's `work` folder.

    Raises:
        PublishError: the last sweep's pending file cannot be read.
    """
    sweep_stages(home.home)
    settled, before = _settle(home)
    items, stay = hide(home, due.expired, before)
    if items:
        replace_file(home.retention_pending, to_json(Pending(at=at, items=tuple(items))))
    deleted, left = delete(home, items)
    left = [*stay, *left]
    proof = count_deletions(deleted, at, failed=[each.kind for each in left], unreadable=due.unreadable)
    append_log(home.retention_log, proof)
    home.retention_pending.unlink(missing_ok=True)
    sync_folder(home.home)
    return settled + proof, left


def _settle(home: Locations) -> tuple[list[Swept], Mapping[Path, Item]]:
    """Log what an interrupted sweep deleted; also return what still exists, by path.

    The pending file is kept until the new sweep replaces it with its own.
    """
    pending = _read_pending(home.retention_pending)
    if pending is None:
        return [], {}
    there = {item.path: item for item in pending.items if _is_there(home.home / item.path)}
    logged = {each.kind for each in read_log(home.retention_log) if each.at == pending.at}
    deleted = [item for item in pending.items if item.path not in there and item.kind not in logged]
    proof = [each for each in count_deletions(deleted, pending.at) if each.deleted]
    append_log(home.retention_log, proof)
    return proof, there


def _read_pending(path: Path) -> Pending | None:
    try:
        return Pending.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise PublishError(
            f"'{path.name}' in CHURN_HOME, which lists what the last sweep was deleting, cannot be read."
            " Move it away, and run python flows/retention_flow.py again."
        ) from None


def _is_there(path: Path) -> bool:
    """Tell whether the path exists; a folder that cannot be read is an error, not an empty one."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True
