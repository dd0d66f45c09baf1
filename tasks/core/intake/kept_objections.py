"""Keep keyed fingerprints of everyone who objected, for runs that are given no list: a roll-back, a rerun."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.closed import to_json
from schemas.kept_objections import KeptManifest
from schemas.manifest import MANIFEST, ContactsUsed
from tasks.core.contract.objections import FINGERPRINT_BYTES, KeptObjections
from tasks.core.errors import ConfigError, accessing
from tasks.core.intake.contact_lists import PURPOSE, Contacts
from tasks.core.intake.contact_rows import quarantined
from tasks.core.storage.atomic import new_stage, reveal, sweep_stages, write_new
from tasks.core.storage.seals import is_as_sealed, seal_files
from tasks.core.storage.secret import Secret

FINGERPRINTS: Final = "fingerprints.bin"


def keep_objections(folder: Path, contacts: Contacts, secret: Secret, now: datetime) -> None:
    """Keep a list's fingerprints below `folder`, atomically; the caller holds the lock on `work`.

    The same customers on a later day replace the ones kept before, so that the list's age is known.
    """
    newest = newest_kept(folder)
    same = newest is not None and newest.name.endswith(f"-{contacts.used.objections_id}")
    if newest is not None and same and _is_as_kept(newest, contacts.day):
        return
    target = folder / f"{now.astimezone(UTC):%Y-%m-%dT%H%M%S.%f}-{contacts.used.objections_id}"
    sweep_stages(folder)
    stage = new_stage(folder, target.name)
    write_new(stage / FINGERPRINTS, contacts.fingerprints)
    manifest = KeptManifest(
        files=seal_files(stage),
        day=contacts.day,
        objections_id=contacts.used.objections_id,
        objections=contacts.used.objections,
        key_id=secret.key_id,
        kept_at=now,
    )
    write_new(stage / MANIFEST, to_json(manifest))
    reveal(stage, target)
    if newest is not None and same:
        shutil.rmtree(newest)


def _is_as_kept(folder: Path, day: date) -> bool:
    manifest = _manifest(folder)
    return manifest is not None and manifest.day >= day and is_as_sealed(folder, manifest, hashed=True)


def newest_kept(folder: Path) -> Path | None:
    """Find the newest list that was kept; None if none was.

    Raises:
        AccessError: the folder cannot be read.
    """
    try:
        with accessing(folder):
            kept = [each for each in folder.iterdir() if each.name.startswith("20")]
    except FileNotFoundError:
        return None
    return max(kept, default=None)


def read_day_kept(folder: Path) -> date | None:
    """Read the day of the newest list that was kept, and not who is on it; None if none was.

    Raises:
        ConfigError: it is damaged.
        AccessError: it cannot be read.
    """
    kept = _open_newest(folder, hashed=False)
    return kept[1].day if kept is not None else None


def read_kept(folder: Path, secret: Secret) -> Contacts | None:
    """Read the newest list that was kept; None if none was.

    Raises:
        ConfigError: it is damaged, or was made with another key: who objected cannot be known from it.
        AccessError: it cannot be read.
    """
    kept = _open_newest(folder, hashed=True)
    if kept is None:
        return None
    newest, manifest = kept
    if manifest.key_id != secret.key_id:
        raise ConfigError(
            f"the objections kept in '{newest}' were made with another key. Set contacts.objections, or"
            " restore the key (CHURN_KEY, see docs/operations.md)."
        )
    with accessing(newest):
        prints = (newest / FINGERPRINTS).read_bytes()
    objections = KeptObjections(prints, secret.key(PURPOSE))
    used = ContactsUsed(
        objections_id=manifest.objections_id, objections=len(prints) // FINGERPRINT_BYTES, kept=True
    )
    return Contacts(objections, None, used, quarantined("objections", []), prints, manifest.day)


def _open_newest(folder: Path, *, hashed: bool) -> tuple[Path, KeptManifest] | None:
    newest = newest_kept(folder)
    if newest is None:
        return None
    with accessing(newest):
        manifest = _manifest(newest)
        if manifest is None or not is_as_sealed(newest, manifest, hashed=hashed):
            raise ConfigError(
                f"the objections kept in '{newest}' have changed since they were written. Set"
                " contacts.objections, so that nobody who objected is scored."
            )
    return newest, manifest


def _manifest(folder: Path) -> KeptManifest | None:
    try:
        return KeptManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
