"""Read the contact lists that the CRM maintains: who objected, and on what basis a customer may be contacted.

A list that is missing, too old or broken stops the run: whoever objected must not be scored by accident.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
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
from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold
from tasks.core.contract.objections import ListedObjections, fingerprint
from tasks.core.contract.objections import Objections as Objectors
from tasks.core.intake.contact_files import find_list, reading_list
from tasks.core.intake.contact_rows import Judged, quarantined, read_rows, refuse_too_many
from tasks.core.storage.hashing import sha256_of
from tasks.core.storage.secret import Secret

_AROUND: Final = re.compile(r"^[\s='\"]+|[\s'\"]+$|[\x00-\x1f\x7f]")
_NO_ID: Final = re.compile(rf"[\s\"]*(?:20\d\d-\d\d-\d\d|{'|'.join(SCOPES)})?[\s\"]*")
"""A day or a scope: parts of an objection that are not its id."""

_EPOCH: Final = date(1970, 1, 1).toordinal()

PURPOSE: Final = "objections"
"""What the key of fingerprints is derived for."""


class ContactBases:
    """On what basis each listed customer may be contacted, by channel."""

    def __init__(self, table: IdTable, codes: npt.NDArray[np.int8]) -> None:
        """Take the position in `BASES`, or -1, of the customers in the table: (N + 1, 3) by channel.

        The last row is that of whoever is not listed.
        """
        self._table, self._codes = table, codes

    def __len__(self) -> int:
        """Return the number of customers and channels with a basis."""
        return int((self._codes >= 0).sum())

    def of(self, octets: Octets, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """Look up N customers, given (N, 2) bounds of their ids in UTF-8: (N, 3) codes by channel."""
        return self._codes[self._table.find(octets, ids)]  # not listed is -1, the last row


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
    """Read who may be contacted; a contradiction or a basis of the future gives no basis.

    A bad row takes the basis of its customer: for its channel, or for all of them if that cannot be read.
    """
    judged, parts = Judged(), [np.empty((0, 4), dtype=np.int64)]
    voided: set[tuple[str, int]] = set()

    def ids() -> Iterator[list[str]]:
        for frame in read_rows(path, "basis", Bases.to_schema(), judged):
            good, bad = frame[~frame["faulty"]], frame[frame["faulty"]]
            for written, channel in zip(bad[ID].tolist(), bad["channel"].tolist(), strict=True):
                voided.update(product(_possible_ids([written]), _channels_of(channel)))
            parts.append(_basis_codes(good))
            yield [fold(each) for each in good[ID].tolist()]

    folded = FoldedIds(ids())
    table = IdTable(folded)
    line, channel, basis, since = np.concatenate(parts).T
    places = table.find(folded.octets, folded.bounds)
    _, first, pair = np.unique(
        places * len(CHANNELS) + channel, return_index=True, return_inverse=True
    )  # a customer and a channel
    earliest = first[pair]
    differs = (basis != basis[earliest]) | (since != since[earliest])
    conflicting = np.unique(np.concatenate([line[differs], line[earliest[differs]]])).tolist()
    judged.faults = sorted({*judged.faults, *((each, "", "conflicting_basis") for each in conflicting)})
    refuse_too_many("basis", judged, config.max_quarantined_share)
    known = np.setdiff1d(first, earliest[differs])
    known = known[since[known] <= today.toordinal()]
    codes = np.full((len(folded) + 1, len(CHANNELS)), -1, dtype=np.int8)  # -1, not listed, is the last row
    codes[places[known], channel[known]] = basis[known]
    for customer, place in voided:
        codes[table.find_text(customer), place] = -1
    return ContactBases(table, codes), quarantined("basis", judged.faults)


def _channels_of(text: str) -> Sequence[int]:
    """Return the place of a channel, or of all where it cannot be read."""
    return [CHANNELS.index(text)] if text in CHANNELS else range(len(CHANNELS))


def _basis_codes(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return N good rows as numbers, (N, 4): line, channel, basis and the day since when, as an ordinal."""
    since = np.array(rows["since"].tolist(), dtype="datetime64[D]").astype(np.int64) + _EPOCH
    return np.stack(
        [
            rows.index.to_numpy(dtype=np.int64),
            pd.Categorical(rows["channel"], categories=CHANNELS).codes,
            pd.Categorical(rows["basis"], categories=BASES).codes,
            since,
        ],
        axis=1,
    )
