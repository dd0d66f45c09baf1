"""Store rejected extracts with their reason."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from tasks.core.contract.quarantine import QUARANTINE, quarantine_csv
from tasks.core.errors import ExtractError, shown
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import identify
from tasks.core.intake.move_extract import free_name, move_both
from tasks.core.storage.atomic import make_folder, replace_file
from tasks.core.storage.hashing import sha256

REASON: Final = "reason.txt"
"""The reason for the sender: refers to the extract by its name."""


STATUS: Final = "status.txt"
"""The reason for everyone else: refers to the extract by a hash of its name."""


def reject(given: ExtractPath, error: ExtractError, rejected: Path) -> Path:
    """Write a rejected extract's reason and bad rows; move a delivered extract there.

    The folder is named after the hash of the extract's bytes, or of its name if it is not a file. Only
    `reason.txt` contains a delivered extract's name, because only the sender needs it.
    """
    path = given.path
    try:  # links are not followed here, even if the operator named one
        identity, known = identify(replace(given, delivered=True)).sha256, True
    except ExtractError:
        identity, known = sha256(os.fsencode(path.name)), False
    place = make_folder(rejected / identity[:16])
    reason = str(error).replace(given.alias, shown(path.name)) if given.delivered else str(error)
    replace_file(place / STATUS, f"{error}\n".encode())
    replace_file(place / REASON, f"{reason}\n".encode())
    if isinstance(error.quarantine, pd.DataFrame):
        replace_file(place / QUARANTINE, quarantine_csv(error.quarantine))
    if given.delivered:
        target = place / "extract"
        move_both(path, target if known or not os.path.lexists(target) else free_name(target))
    return place
