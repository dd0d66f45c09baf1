"""Find published scores by the names and manifests of their folders."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from schemas.manifest import MANIFEST, ScoresManifest
from schemas.scores_name import ScoresName
from tasks.core.errors import PublishError, accessing
from tasks.core.storage.seals import is_as_sealed


def find_scores(scores: Path, extract_id: str, bundle_id: str) -> Path | None:
    """Find the scores of an extract by a bundle, for any date; None if not published.

    Raises:
        PublishError: the folder exists but changed since it was sealed.
        AccessError: it cannot be read, or the folder of all scores cannot.
    """
    folder = min(_found(scores, ScoresName.glob(extract_id=extract_id, bundle_id=bundle_id)), default=None)
    if folder is not None:
        manifest = read_manifest(folder)
        if manifest is None or not is_as_sealed(folder, manifest, hashed=True):
            raise PublishError(
                f"scores '{folder.name}' have changed since they were published."
                " Move the folder away and run again: the same scores will be published."
            )
    return folder


def published_day(scores: Path, extract_id: str) -> date | None:
    """Find the first day for which an extract was published, by any bundle; None if it was not."""
    folder = min(_found(scores, ScoresName.glob(extract_id=extract_id)), default=None)
    return ScoresName.parse(folder.name).as_of_date if folder is not None else None


def read_manifest(folder: Path) -> ScoresManifest | None:
    """Read the manifest of published scores; None if it is missing or damaged.

    Raises:
        AccessError: it cannot be read.
    """
    try:
        with accessing(folder / MANIFEST):
            return ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None


def published_folders(scores: Path, of_day: date | None = None) -> list[Path]:
    """List the folders of published scores, newest day first.

    Raises:
        AccessError: the folder of all scores cannot be read.
    """
    return sorted(_found(scores, ScoresName.glob(as_of_date=of_day)), reverse=True)


def manifests_of(folders: list[Path]) -> Iterator[ScoresManifest]:
    """Read the manifests of folders of scores, leaving out missing and damaged ones."""
    return (manifest for folder in folders if (manifest := read_manifest(folder)) is not None)


def _found(scores: Path, pattern: str) -> Iterator[Path]:
    """Find folders by name; `glob` alone would take a folder that may not be read for an empty one."""
    with accessing(scores), suppress(FileNotFoundError):
        next(scores.iterdir(), None)
    return scores.glob(pattern)
