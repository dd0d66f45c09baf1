"""Write quarantine.csv: the faults of refused rows, without customers' values."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from schemas.contact_lists import ContactsQuarantine
from schemas.scores import QUARANTINE_COLUMNS, Quarantine
from tasks.core.storage.atomic import open_new, write_new

QUARANTINE: Final = "quarantine.csv"
CONTACTS_QUARANTINE: Final = "contacts_quarantine.csv"


def write_quarantine(stage: Path, quarantine: Iterator[pd.DataFrame]) -> None:
    """Write the faults of refused rows as quarantine.csv, batch by batch."""
    with open_new(stage / QUARANTINE) as file:
        file.write(quarantine_csv(next(quarantine)))
        for faults in quarantine:
            file.write(quarantine_csv(faults, header=False))


def write_contacts_quarantine(stage: Path, faults: pd.DataFrame) -> None:
    """Write the faults of the contact lists as contacts_quarantine.csv."""
    checked = ContactsQuarantine.validate(faults)
    write_new(stage / CONTACTS_QUARANTINE, checked.to_csv(None, index=False, lineterminator="\n").encode())


def quarantine_csv(faults: pd.DataFrame, *, header: bool = True) -> bytes:
    """Return faults as UTF-8 CSV with LF line endings."""
    checked = Quarantine.validate(faults)
    columns = list(QUARANTINE_COLUMNS)
    return checked.to_csv(None, columns=columns, index=False, header=header, lineterminator="\n").encode()
