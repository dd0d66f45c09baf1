"""Read the contact lists that the CRM maintains: who objected, and on what basis a customer may be contacted.

A list that is missing, too old or broken stops the run: whoever objected must not be scored by accident.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID
from schemas.config import MAX_BAD_SHARE, ContactsConfig
from schemas.contact_lists import Bases, Objections
from schemas.contacts import BASES, CHANNELS, SCOPES
from schemas.manifest import ContactsUsed
from tasks.core.arrow_text import Octets
from tasks.core.contract.customer_ids import IdTable, fold
from tasks.core.contract.objections import ListedObjections, fingerprint
from tasks.core.contract.objections import Objections as Objectors
from tasks.core.intake.contact_files import find_list, reading_list
from tasks.core.intake.contact_rows import Judged, quarantined, read_rows, refuse_too_many
from tasks.core.storage.hashing import sha256_of
from tasks.core.storage.secret import Secret

_AROUND: Final = re.compile(r"^[\s='\"]+|[\s'\"]+$|[\x00-\x1f\x7f]")
_NO_ID: Final = re.compile(rf"[\s\"]*(?:20\d\d-\d\d-\d\d|{'|'.join(SCOPES)})?[\s\"]*")
"""A day or a scope: parts of an objection that are not its id."""

PURPOSE: Final = "objections"
"""What the key of fingerprints is derived for."""


class ContactBases:
    """On what basis each listed customer may be contacted, by channel."""

    def __init__(self, bases: dict[str, list[int]]) -> None:
        """Take, for each folded id, the position in `BASES` for each of the `CHANNELS`, or -1."""
        self._table = IdTable([*bases])
        self._codes = np.array([*bases.values(), [-1] * len(CHANNELS)], dtype=np.int8)

    def __len__(self) -> int:
        """Return the number of customers and channels with a basis."""
        return int((self._codes >= 0).sum())

    def of(self, octets: Octets, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """Look up N customers, given (N, 2) bounds of their ids in UTF-8: (N, 3) codes by channel."""
        return self._codes[self._table.find(octets, ids)]  # -1, not listed, is the last row


@dataclass(frozen=True)
class Contacts:
    """The lists as they apply to a run; `quarantine` has the rows that break their contract.

    `fingerprints` are those of everyone who objected, one after the other, and `day` is the list's.
    """

    objections: Objectors
    bases: ContactBases | None
    used: ContactsUsed
    quarantine: pd.DataFrame
    fingerprints: bytes
    day: date


def read_contacts(config: ContactsConfig, secret: Secret, now: datetime) -> Contacts:
    """Read the configured lists.

    Raises:
        ConfigError: a list is missing, cannot be read or is too old.
        ContactsError: a list breaks its contract.
    """
    path, day = find_list("objections", config.objections, config.max_age_hours, now)
    with reading_list("objections", path):
        ids, faults = _read_objections(path, config.max_quarantined_share)
    key = secret.key(PURPOSE)
    prints = sorted({fingerprint(key, each) for each in ids})
    bases, basis_id = None, None
    if config.basis is not None:
        path, _ = find_list("basis", config.basis, config.max_age_hours, now)
        with reading_list("basis", path):
            bases, of_basis = _read_bases(path, config, now.date())
            basis_id = fingerprint(key, sha256_of(path)).hex()[:16]
        faults = pd.concat([faults, of_basis], ignore_index=True)
    objections = ListedObjections(ids)
    used = ContactsUsed(
        objections_id=objections_id(prints),
        objections=len(objections),
        basis_id=basis_id,
        bases=len(bases) if bases is not None else 0,
        quarantined=len(faults[["contact_list", "line"]].drop_duplicates()),
    )
    return Contacts(objections, bases, used, faults, b"".join(prints), day)


def objections_id(prints: Sequence[bytes]) -> str:
    """Identify everyone who objected by their fingerprints in ascending order: 16 hex digits."""
    return hashlib.sha256(b"".join(prints)).hexdigest()[:16]


def read_objections(path: Path) -> ListedObjections:
    """Read an objection list for a program that scores frames; its age is for that program to judge.

    Raises:
        ConfigError: the list cannot be read.
        ContactsError: it breaks its contract, by the default limit.
    """
    with reading_list("objections", path):
        return ListedObjections(_read_objections(path, MAX_BAD_SHARE)[0])


def _read_objections(path: Path, limit: float) -> tuple[list[str], pd.DataFrame]:
    """List everyone who objected, folded; a bad row with an id is an objection, too."""
    judged = Judged()
    ids: dict[str, None] = {}
    for frame in read_rows(path, "objections", Objections.to_schema(), judged):
        ids |= dict.fromkeys(_possible_ids(frame[ID].tolist()))
    ids |= dict.fromkeys(_possible_ids(each for each in judged.doubtful if not _NO_ID.fullmatch(each)))
    ids.pop("", None)
    refuse_too_many("objections", judged, limit)
    return [*ids], quarantined("objections", judged.faults)


def _possible_ids(texts: Iterable[str]) -> Iterator[str]:
    """Yield ids, folded: as they are written, and without what a spreadsheet or a broken line put around."""
    for text in texts:
        yield fold(text)
        if (bare := _AROUND.sub("", text)) != text:
            yield fold(bare)


def _read_bases(path: Path, config: ContactsConfig, today: date) -> tuple[ContactBases, pd.DataFrame]:
    """Read who may be contacted; a bad row, a contradiction or a basis of the future gives no basis."""
    judged = Judged()
    bases: defaultdict[str, list[int]] = defaultdict(lambda: [-1] * len(CHANNELS))
    first: dict[tuple[str, int], tuple[int, tuple[str, str]]] = {}
    for frame in read_rows(path, "basis", Bases.to_schema(), judged):
        good = frame[~frame["faulty"]]
        rows = zip(good.index, *(good[each] for each in (ID, "channel", "basis", "since")), strict=True)
        for line, customer, channel, basis, since in rows:
            key = fold(customer), CHANNELS.index(channel)
            earlier, said = first.setdefault(key, (line, (basis, since)))
            if said != (basis, since):
                judged.faults += [(each, "", "conflicting_basis") for each in {earlier, line}]
                bases[key[0]][key[1]] = -1
            elif earlier == line and date.fromisoformat(since) <= today:
                bases[key[0]][key[1]] = BASES.index(basis)
    judged.faults = sorted(set(judged.faults))
    refuse_too_many("basis", judged, config.max_quarantined_share)
    return ContactBases(bases), quarantined("basis", judged.faults)
