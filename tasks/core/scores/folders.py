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


def find_scores(scores: Path, extract_id: str, bundle_id: str, inputs_id: str) -> Path | None:
    """Find the scores of an extract by a bundle with certain inputs, for any date; None if not published.

    Raises:
        PublishError: the folder exists but changed since it was sealed.
        AccessError: it cannot be read, or the folder of all scores cannot.
    """
    wanted = (extract_id, bundle_id, inputs_id)
    named = _named(scores).items()
    folder = min(
        (path for path, name in named if (name.extract_id, name.bundle_id, name.inputs_id) == wanted),
        default=None,
    )
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
    days = (name.as_of_date for name in _named(scores).values() if name.extract_id == extract_id)
    return min(days, default=None)


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
    named = _named(scores).items()
    return sorted((path for path, name in named if of_day in (None, name.as_of_date)), reverse=True)


def manifests_of(folders: list[Path]) -> Iterator[ScoresManifest]:
    """Read the manifests of folders of scores, leaving out missing and damaged ones."""
    return (manifest for folder in folders if (manifest := read_manifest(folder)) is not None)


def _named(scores: Path) -> dict[Path, ScoresName]:
    """List the folders named like scores; `glob` would take an unreadable folder for an empty one."""
    named = {}
    with accessing(scores), suppress(FileNotFoundError):
        for path in scores.iterdir():
            with suppress(ValueError):
                named[path] = ScoresName.parse(path.name)
    return named
