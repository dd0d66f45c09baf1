"""Keep a refused extract with the reason for its refusal."""

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
"""Why an extract was refused, for the one who sent it: calls it by its name."""


STATUS: Final = "status.txt"
"""The same for everybody else: calls it by a hash of its name."""


def reject(given: ExtractPath, error: ExtractError, rejected: Path) -> Path:
    """Write why an extract was refused, and which rows were bad; move a delivered one there.

    The place is named after the hash of the extract's bytes, or of its name where it is no file. Only
    its `reason.txt` calls a delivered extract by its name: nobody else but the sender needs it.
    """
    path = given.path
    try:  # what the operator named is not followed here either
        identity, known = identify(replace(given, delivered=True)).sha256, True
    except ExtractError:
        identity, known = sha256(os.fsencode(path.name)), False
    place = make_folder(rejected / identity[:16])
    said = str(error).replace(given.label, shown(path.name)) if given.delivered else str(error)
    replace_file(place / STATUS, f"{error}\n".encode())
    replace_file(place / REASON, f"{said}\n".encode())
    if isinstance(error.quarantine, pd.DataFrame):
        replace_file(place / QUARANTINE, quarantine_csv(error.quarantine))
    if given.delivered:
        target = place / "extract"
        move_both(path, target if known or not os.path.lexists(target) else free_name(target))
    return place
