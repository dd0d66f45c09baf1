"""Publish scores as one folder that appears whole: scores.csv, quarantine.csv, manifest.json."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from schemas.manifest import MANIFEST, ScoresManifest
from schemas.scores import QUARANTINE_COLUMNS, SCORE_COLUMNS, Quarantine, Scores
from tasks.core.bundle import seal_files, to_json
from tasks.core.errors import PublishError
from tasks.core.files import locked, new_stage, reveal, sweep_stages, write_new

SCORES: Final = "scores.csv"
QUARANTINE: Final = "quarantine.csv"


def folder_name(as_of: date, extract_id: str, bundle_id: str) -> str:
    """Name the folder of an extract's scores by one bundle."""
    return f"{as_of.isoformat()}-{extract_id}-{bundle_id}"


def find_published(scores: Path, extract_id: str, bundle_id: str) -> Path | None:
    """Find the scores of an extract by a bundle, under whatever date; None if not published.

    Raises:
        PublishError: they are there but no longer as sealed.
    """
    folder = next(iter(sorted(scores.glob(f"????-??-??-{extract_id}-{bundle_id}"))), None)
    if folder is not None:
        try:
            manifest = ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())
            found = {name: seal for name, seal in seal_files(folder).items() if name != MANIFEST}
        except (OSError, ValidationError):
            manifest, found = None, {}
        if manifest is None or found != manifest.files:
            raise PublishError(
                f"scores '{folder.name}' are no longer as they were published."
                " Move the folder away and run again: the same scores will be published."
            )
    return folder


def quarantine_csv(quarantine: pd.DataFrame) -> bytes:
    """Write the faults of refused rows as UTF-8 CSV with LF line ends; no values of customers."""
    checked = Quarantine.validate(quarantine.astype({"column": "str", "reason": "str", "hint": "str"}))
    return _csv(checked, QUARANTINE_COLUMNS)


def publish(
    scores: pd.DataFrame, quarantine: pd.DataFrame, into: Path, name: str, facts: Mapping[str, Any]
) -> Path:
    """Write the folder `name` below `into` in one step; one that stands there already is kept.

    `facts` are the manifest's fields besides the files.

    Raises:
        PublishError: the disk did not take the files; nothing of them is visible.
    """
    try:
        with locked(into):
            sweep_stages(into)
            stage = new_stage(into, name)
            try:
                write_new(stage / SCORES, _csv(Scores.validate(scores), SCORE_COLUMNS))
                write_new(stage / QUARANTINE, quarantine_csv(quarantine))
                manifest = ScoresManifest(files=seal_files(stage), **facts)
                write_new(stage / MANIFEST, to_json(manifest))
                reveal(stage, into / name)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise PublishError(
            f"scores '{name}' could not be written: {error.strerror}. Nothing is half-published;"
            " free or mend the disk and run again."
        ) from None
    return into / name


def _csv(frame: pd.DataFrame, columns: tuple[str, ...]) -> bytes:
    text = frame.to_csv(None, columns=list(columns), index=False, lineterminator="\n", float_format="%.6f")
    return text.encode()
