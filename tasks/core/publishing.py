"""Publish scores as one folder that appears whole: scores.csv, quarantine.csv, manifest.json."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import ValidationError

from schemas.manifest import MANIFEST, ExtractIdentity, FileSeal, ScoresManifest
from schemas.scores import QUARANTINE_COLUMNS, Quarantine
from schemas.scores_name import ScoresName
from tasks.core.bundle import seal_files, to_json
from tasks.core.errors import PublishError
from tasks.core.files import new_stage, open_new, reveal, sweep_stages, write_new
from tasks.core.streaming import Totals

SCORES: Final = "scores.csv"
QUARANTINE: Final = "quarantine.csv"


@dataclass(frozen=True)
class StagedScores:
    """Scores and quarantine of an extract in a hidden folder, whole but not published yet."""

    folder: Path
    files: dict[str, FileSeal]
    extract: ExtractIdentity
    ignored_columns: tuple[str, ...]
    totals: Totals


def find_published(scores: Path, extract_id: str, bundle_id: str) -> Path | None:
    """Find the scores of an extract by a bundle, under whatever date; None if not published.

    Raises:
        PublishError: they are there but no longer as sealed.
    """
    folder = min(scores.glob(ScoresName.glob(extract_id=extract_id, bundle_id=bundle_id)), default=None)
    if folder is not None:
        try:
            manifest = ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())
            sound = seal_files(folder) == manifest.files
        except (OSError, ValidationError):
            sound = False
        if not sound:
            raise PublishError(
                f"scores '{folder.name}' are no longer as they were published."
                " Move the folder away and run again: the same scores will be published."
            )
    return folder


def published_day(scores: Path, extract_id: str) -> date | None:
    """Find the first day for which an extract was published, by whatever bundle; None if it was not."""
    folder = min(scores.glob(ScoresName.glob(extract_id=extract_id)), default=None)
    return ScoresName.parse(folder.name).as_of_date if folder is not None else None


def open_stage(scores: Path, name: str) -> Path:
    """Make the hidden folder in which scores are gathered; sweep those of killed runs.

    Nobody else may stage scores meanwhile: the caller holds the lock of the home's `work` folder.
    """
    with on_disk(name):
        sweep_stages(scores)
        return new_stage(scores, name)


def write_quarantine(stage: Path, quarantine: Iterator[pd.DataFrame]) -> None:
    """Write the faults of refused rows, block by block, as quarantine.csv; no values of customers."""
    with open_new(stage / QUARANTINE) as file:
        file.write(quarantine_csv(next(quarantine)))
        for faults in quarantine:
            file.write(quarantine_csv(faults, header=False))


def quarantine_csv(faults: pd.DataFrame, *, header: bool = True) -> bytes:
    """Write faults as UTF-8 CSV with LF line ends."""
    checked = Quarantine.validate(faults)
    columns = list(QUARANTINE_COLUMNS)
    return checked.to_csv(None, columns=columns, index=False, header=header, lineterminator="\n").encode()


def publish(stage: Path, scores: Path, manifest: ScoresManifest) -> Path:
    """Seal a stage and show it as a folder below `scores` in one step; one that stands there is kept.

    Raises:
        PublishError: the disk did not take the files; nothing of them is visible.
    """
    folder = scores / str(manifest.name)
    with on_disk(folder.name):
        (stage / MANIFEST).unlink(missing_ok=True)  # of a try that failed
        write_new(stage / MANIFEST, to_json(manifest))
        reveal(stage, folder)
    return folder


@contextmanager
def on_disk(name: str) -> Iterator[None]:
    """Say of an error of the disk that the scores `name` could not be written.

    Raises:
        PublishError: the disk did not take them; nothing of them is visible.
    """
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"scores '{name}' could not be written: {error.strerror}. Nothing is half-published;"
            " free or mend the disk and run again."
        ) from None
