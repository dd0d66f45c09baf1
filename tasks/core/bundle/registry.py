"""The champion pointer and its history; moves are atomic, by compare-and-swap."""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.manifest import MANIFEST, BundleManifest, Champion
from tasks.core.bundle.bundle_files import Bundle, open_bundle
from tasks.core.errors import BundleError, RegistryError, accessing
from tasks.core.storage.atomic import replace_file, sweep_stages
from tasks.core.storage.locks import locked

BUNDLES: Final = "bundles"
POINTER: Final = "champion.json"
HISTORY: Final = "history.jsonl"


def read_champion(registry: Path) -> Champion | None:
    """Read the pointer; None if no champion was ever promoted.

    Raises:
        RegistryError: the pointer exists but is damaged.
        AccessError: it cannot be read.
    """
    path = registry / POINTER
    try:
        with accessing(path):
            if not path.exists() and not path.is_symlink():
                return None
            return Champion.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):
        raise RegistryError(
            f"'{path}' is not a valid champion pointer."
            " Restore it from a backup, or move it away and promote a bundle again."
        ) from None


def sweep(registry: Path) -> None:
    """Delete leftovers of killed promotions."""
    with locked(registry):
        sweep_stages(registry)


def open_champion(registry: Path) -> Bundle | None:
    """Open the bundle in service and verify it against the pointer; None if there is no champion.

    Raises:
        RegistryError: the pointer is damaged, or its bundle does not exist.
        BundleError: the bundle or its manifest has changed since the promotion.
        AccessError: one of them cannot be read.
    """
    champion = read_champion(registry)
    if champion is None:
        return None
    folder = registry / BUNDLES / champion.bundle_id
    if not _is_folder(folder):
        raise RegistryError(
            f"{POINTER} points to bundle '{champion.bundle_id}', which is not in the registry"
            f" at '{registry}'."
            " Restore it from a backup, or promote another bundle."
        )
    bundle = open_bundle(folder)
    if bundle.manifest_sha256 != champion.manifest_sha256:
        raise _another_manifest(bundle)
    return bundle


def find_bundle(registry: Path, bundle_id: str) -> Bundle:
    """Open and verify a sealed bundle, in service or not, by its id or by its model's.

    Raises:
        RegistryError: there is no such bundle, or several hold that model.
        BundleError: the bundle does not verify.
    """
    folder = registry / BUNDLES / bundle_id
    if re.fullmatch(r"[0-9a-f]{16}", bundle_id) and _is_folder(folder):
        return open_bundle(folder)
    known = _bundles(registry / BUNDLES)
    found = [path for path in known if _model_id(path) == bundle_id]
    if len(found) != 1:
        names = [path.name for path in found or known]
        several = f"several bundles hold this model: {names}"
        missing = f"there is no such bundle; '{registry / BUNDLES}' has {names}"
        raise RegistryError(f"{several if found else missing}. Choose one of these.")
    return open_bundle(found[0])


def no_champion(registry: Path, purpose: str = "score with") -> str:
    """Say that there is no champion, and where it was looked for."""
    return (
        f"there is no champion to {purpose} in '{registry}'. Train one: python flows/train_flow.py, or set"
        " CHURN_HOME to the folder that has one."
    )


def _is_folder(folder: Path) -> bool:
    with accessing(folder):
        return folder.is_dir()


def _bundles(folder: Path) -> list[Path]:
    """List the bundles by id; `glob` would take a folder that may not be read for an empty one."""
    if not _is_folder(folder):
        return []
    with accessing(folder):
        return sorted(path for path in folder.iterdir() if re.match("[0-9a-f]", path.name))


def _model_id(folder: Path) -> str | None:
    try:
        with accessing(folder):
            return BundleManifest.model_validate_json((folder / MANIFEST).read_bytes()).model_id
    except (OSError, ValidationError, KeyError):
        return None


def read_history(registry: Path) -> list[Champion]:
    """List every move of the pointer, oldest first; the pointer itself is the last.

    Raises:
        RegistryError: the history or the pointer is damaged, or they do not match.
        AccessError: one of them cannot be read.
    """
    path = registry / HISTORY
    try:
        with accessing(path):
            lines = path.read_bytes().splitlines() if path.exists() else []
        moves = [Champion.model_validate_json(line) for line in lines]
    except (ValidationError, OSError):
        raise RegistryError(f"'{path}' is damaged. Restore it from a backup.") from None
    champion = read_champion(registry)
    last = moves[-1].sequence if moves else 0
    if champion and last > champion.sequence:
        raise RegistryError(
            f"{HISTORY} ends at move {last}, but {POINTER} is at move {champion.sequence}."
            " Restore both from the same backup."
        )
    if champion and last < champion.sequence:
        moves.append(champion)  # a run was killed after moving the pointer, before writing the history
    return moves


def promote_bundle(
    registry: Path, bundle: Bundle, *, expected: str | None, forced: bool, at: datetime
) -> Champion:
    """Put a bundle into service if the champion is still `expected` (an id, or None).

    Promoting the bundle that is already in service changes nothing.

    Raises:
        RegistryError: another promotion came first, the gate refused the bundle and `forced` is not set,
            or a simulated bundle would replace a real one.
        BundleError: the bundle fails its self-test.
    """
    with locked(registry):
        sweep_stages(registry)
        champion = read_champion(registry)
        current = champion.bundle_id if champion else None
        if champion and (current, champion.manifest_sha256) == (
            bundle.manifest.bundle_id,
            bundle.manifest_sha256,
        ):
            return champion
        if current != expected:
            raise RegistryError(
                f"the champion is now '{current}' instead of '{expected}': another promotion came first."
                f" Bundle '{bundle.manifest.bundle_id}' is kept: compare the two, then promote it by hand."
            )
        _refuse_unfit(registry, bundle, current, forced=forced)
        return _move(registry, champion, bundle, "promote", forced=forced, at=at)


def roll_back(registry: Path, *, forced: bool, at: datetime) -> Champion:
    """Put the previous champion back into service.

    Raises:
        RegistryError: there is no champion or no previous one, or as for `promote`.
        BundleError: the previous bundle has changed since it was in service.
    """
    with locked(registry):
        sweep_stages(registry)
        champion = read_champion(registry)
        earlier = in_service(read_history(registry))[:-1]
        if champion is None or not earlier:
            raise RegistryError(
                f"there is no earlier champion to roll back to in '{registry}'. Promote a bundle by its id."
            )
        bundle = open_bundle(registry / BUNDLES / earlier[-1].bundle_id)
        if bundle.manifest_sha256 != earlier[-1].manifest_sha256:
            raise _another_manifest(bundle)
        _refuse_unfit(registry, bundle, champion.bundle_id, forced=forced)
        return _move(registry, champion, bundle, "roll back", forced=forced, at=at)


def in_service(history: list[Champion]) -> list[Champion]:
    """List the moves that repeated roll-backs would undo; the last one is the champion's."""
    chain: list[Champion] = []
    for move in history:
        if move.action == "roll back":
            del chain[-1:]
        else:
            chain.append(move)
    return chain


def _refuse_unfit(registry: Path, bundle: Bundle, current: str | None, *, forced: bool) -> None:
    """Refuse a bundle that fails its self-test or its gate, or is simulated and would replace a real one."""
    bundle.scorer()
    manifest = bundle.manifest
    if not manifest.gate.promotes and not forced:
        refused = [check.name for check in manifest.gate.checks if check.verdict == "fail"]
        raise RegistryError(
            f"bundle '{manifest.bundle_id}' was refused by its gate ({', '.join(refused)})."
            " Train a better one, or override the gate with --force, which is recorded."
        )
    simulates = current is not None and manifest.simulated
    if simulates and not open_bundle(registry / BUNDLES / str(current)).manifest.simulated:
        raise RegistryError(
            f"bundle '{manifest.bundle_id}' was trained on simulated customers and may not replace"
            f" '{current}', which was trained on real ones. Use another CHURN_HOME for simulations."
        )


def _another_manifest(bundle: Bundle) -> BundleError:
    return BundleError(
        f"bundle '{bundle.manifest.bundle_id}': manifest.json has changed since it was promoted."
        " Restore it from a backup, or promote another bundle."
    )


def _move(
    registry: Path, champion: Champion | None, bundle: Bundle, action: str, *, forced: bool, at: datetime
) -> Champion:
    history = read_history(registry)
    moved = Champion.model_validate(
        {
            "sequence": history[-1].sequence + 1 if history else 1,
            "action": action,
            "bundle_id": bundle.manifest.bundle_id,
            "model_id": bundle.manifest.model_id,
            "manifest_sha256": bundle.manifest_sha256,
            "previous": champion.bundle_id if champion else None,
            "forced": forced,
            "at": at,
        }
    )
    replace_file(registry / POINTER, f"{moved.model_dump_json(indent=1)}\n".encode())
    lines = [f"{move.model_dump_json()}\n" for move in (*history, moved)]
    replace_file(registry / HISTORY, "".join(lines).encode())
    return moved
