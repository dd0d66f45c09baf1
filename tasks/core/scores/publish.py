"""Publish scores as one folder, atomically: scores.csv, quarantine.csv, manifest.json."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.closed import to_json
from schemas.manifest import MANIFEST, ExtractIdentity, FileSeal, ScoresManifest
from tasks.core.access import explain
from tasks.core.engine.stream import Totals
from tasks.core.errors import PublishError
from tasks.core.storage.atomic import new_stage, reveal, sweep_stages, write_new

SCORES: Final = "scores.csv"


@dataclass(frozen=True)
class StagedScores:
    """An extract's complete scores and quarantine in a hidden folder, not published yet."""

    folder: Path
    files: dict[str, FileSeal]
    extract: ExtractIdentity
    ignored_columns: tuple[str, ...]
    totals: Totals


def open_stage(scores: Path, name: str) -> Path:
    """Create the hidden folder in which scores are staged; sweep those left by killed runs.

    No other run may stage scores at the same time: the caller holds the lock on the home's `work` folder.
    """
    with translate_disk_errors(name):
        sweep_stages(scores)
        return new_stage(scores, name)


def publish_folder(stage: Path, scores: Path, manifest: ScoresManifest) -> Path:
    """Seal a stage and publish it below `scores` in one step; an existing folder is left untouched.

    Raises:
        PublishError: the files could not be written; none of them is visible.
    """
    folder = scores / str(manifest.name)
    with translate_disk_errors(folder.name):
        (stage / MANIFEST).unlink(missing_ok=True)  # left by a failed attempt
        write_new(stage / MANIFEST, to_json(manifest))
        reveal(stage, folder)
    return folder


@contextmanager
def translate_disk_errors(name: str) -> Iterator[None]:
    """Turn an OSError into a PublishError for the scores `name`.

    Raises:
        PublishError: they could not be written; none of them is visible.
    """
    try:
        yield
    except OSError as error:
        advice = explain(error) or "Free up or repair the disk, then run again."
        raise PublishError(
            f"could not write scores '{name}': {error.strerror}. Nothing was published. {advice}"
        ) from None
