"""Keep keyed fingerprints of everyone who objected, for runs that are given no list: a roll-back, a rerun."""

from datetime import UTC, datetime
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
    """Keep a list's fingerprints below `folder`, atomically; the caller holds the lock on `work`."""
    newest = newest_kept(folder)
    if newest is not None and newest.name.endswith(contacts.used.objections_id):
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


def newest_kept(folder: Path) -> Path | None:
    """Find the newest list that was kept; None if none was.

    Raises:
        AccessError: the folder cannot be read.
    """
    try:
        with accessing(folder):
            kept = [each for each in folder.iterdir() if not each.name.startswith(".")]
    except FileNotFoundError:
        return None
    return max(kept, default=None)


def read_kept(folder: Path, secret: Secret) -> Contacts | None:
    """Read the newest list that was kept; None if none was.

    Raises:
        ConfigError: it is damaged, or was made with another key: who objected cannot be known from it.
        AccessError: it cannot be read.
    """
    newest = newest_kept(folder)
    if newest is None:
        return None
    with accessing(newest):
        manifest = _manifest(newest)
        if manifest is None or not is_as_sealed(newest, manifest, hashed=True):
            raise ConfigError(
                f"the objections kept in '{newest}' have changed since they were written. Set"
                " contacts.objections, so that nobody who objected is scored."
            )
        if manifest.key_id != secret.key_id:
            raise ConfigError(
                f"the objections kept in '{newest}' were made with another key. Set contacts.objections, or"
                " restore the key (CHURN_KEY, see docs/campaigns.md)."
            )
        prints = (newest / FINGERPRINTS).read_bytes()
    objections = KeptObjections(prints, secret.key(PURPOSE))
    used = ContactsUsed(
        objections_id=manifest.objections_id, objections=len(prints) // FINGERPRINT_BYTES, kept=True
    )
    return Contacts(objections, None, used, quarantined("objections", []), prints, manifest.day)


def _manifest(folder: Path) -> KeptManifest | None:
    try:
        return KeptManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
