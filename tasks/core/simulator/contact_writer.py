"""Write contact lists for simulated customers, as a CRM and its call centre would."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.contact_lists import ListName
from schemas.contacts import CHANNELS, SCOPES
from tasks.core.errors import ConfigError
from tasks.core.simulator.customer_frame import simulated_id
from tasks.core.simulator.parameters import PARAMETERS
from tasks.core.storage.atomic import make_folder, replacing

_CHUNK_ROWS: Final = 65_536
_SEED: Final = 1
"""Keeps the draws apart from those of the population with the same seed."""
_MAX_DAYS: Final = 1_000
"""How long ago an objection or a basis began, at most."""
_COLUMNS: Final[dict[ListName, str]] = {
    "objections": "customerID,objected_on,scope",
    "basis": "customerID,channel,basis,since",
}
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.lower,
    lambda text: f"  {text} ",
    lambda text: text.replace("-", "- ").lower(),
)

Cells = list[str]

_ANY_LIST: Final[dict[str, Callable[[Cells], Cells]]] = {
    "missing_id": lambda cells: ["", *cells[1:]],
    "long_id": lambda cells: [cells[0] + "0" * 64, *cells[1:]],
    "damaged_id": lambda cells: ["#REF!", *cells[1:]],
    "short_row": lambda cells: cells[:-1],
    "long_row": lambda cells: [*cells, "extra"],
    "invalid_encoding": lambda cells: [cells[0] + "\udcff", *cells[1:]],
}
_FAULTS: Final[dict[ListName, dict[str, Callable[[Cells], Cells]]]] = {
    "objections": _ANY_LIST
    | {
        "unknown_value": lambda cells: [*cells[:2], "perhaps"],
        "not_a_day": lambda cells: [cells[0], "2026-02-30", cells[2]],
    },
    "basis": _ANY_LIST
    | {
        "unknown_value": lambda cells: [*cells[:2], "yes", cells[3]],
        "not_a_day": lambda cells: [*cells[:3], "01/02/2026"],
        "conflicting_basis": lambda cells: cells,
    },
}
"""For each list, how a valid row gets the fault that the reader reports by this reason."""


class PlantedContact(NamedTuple):
    """The place of a fault."""

    contact_list: ListName
    line: int
    """Counted from 1; the header is line 1."""
    reason: str


class WrittenContacts(NamedTuple):
    """What was written."""

    objections: int
    """Customers who objected, including those with faults."""
    bases: int
    """Customers and channels with a basis, including those with faults."""
    planted: tuple[PlantedContact, ...]
    """Every bad line, list by list in the order of the file."""


def write_contacts(
    folder: Path, day: date, *, rows: int, seed: int, bad_share: float = 0.0
) -> WrittenContacts:
    """Write `objections_<day>.csv` and `basis_<day>.csv` for the first `rows` simulated customers of a seed.

    Args:
        folder: Is made if it does not exist.
        day: The lists' day.
        rows: Customers.
        seed: Seed of the population.
        bad_share: Share of the rows of each list that get one of its kinds of fault in turn.

    Raises:
        ConfigError: The files cannot be written.
    """
    try:
        make_folder(folder)
        with ExitStack() as files:
            lists = [
                _List(name, files.enter_context(replacing(folder / f"{name}_{day}.csv"))) for name in _COLUMNS
            ]
            return _write(lists, day, rows, np.random.default_rng([seed, _SEED]), bad_share)
    except OSError as error:
        raise ConfigError(
            f"could not write contact lists into '{folder}': {error.strerror}. Choose another folder."
        ) from None


class _List:
    """A list that is being written."""

    def __init__(self, name: ListName, file: BinaryIO) -> None:
        self.rows = 0
        self.planted: list[PlantedContact] = []
        self._name: ListName = name
        self._kinds = cycle(_FAULTS[name])
        self._line = 1
        self._file = file
        file.write(f"{_COLUMNS[name]}\n".encode())

    def add(self, cells: Cells, *, bad: bool) -> None:
        """Write a row, with the next kind of fault if it is to be bad."""
        self.rows += 1
        if not bad:
            self._write(cells)
            return
        reason = next(self._kinds)
        self._write(_FAULTS[self._name][reason](cells), reason)
        if reason == "conflicting_basis":
            other = "consent" if cells[2] == "contract" else "contract"
            self._write([*cells[:2], other, cells[3]], reason)

    def _write(self, cells: Cells, reason: str = "") -> None:
        self._line += 1
        self._file.write(f"{','.join(cells)}\n".encode(errors="surrogateescape"))
        if reason:
            self.planted.append(PlantedContact(self._name, self._line, reason))


def _write(
    lists: list[_List], day: date, rows: int, generator: np.random.Generator, bad_share: float
) -> WrittenContacts:
    objections, basis = lists
    for customer, draws in _draws(rows, generator):
        ago = [f"{day - timedelta(days=int(draw * _MAX_DAYS))}" for draw in draws[:2]]
        spoilt = draws[2:6] < bad_share
        objected, spelling, *channels = draws[6:]
        if objected < PARAMETERS.contacts.objected_share:
            name = _SPELLINGS[int(spelling * len(_SPELLINGS))](simulated_id(customer))
            scope = SCOPES[int(objected / PARAMETERS.contacts.objected_share * len(SCOPES))]
            objections.add([name, ago[0], scope], bad=bool(spoilt[0]))
        for channel, draw, bad in zip(CHANNELS, channels, spoilt[1:], strict=True):
            if (held := _basis(draw)) is not None:
                basis.add([simulated_id(customer), channel, held, ago[1]], bad=bool(bad))
    return WrittenContacts(objections.rows, basis.rows, (*objections.planted, *basis.planted))


def _draws(rows: int, generator: np.random.Generator) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Yield each customer's uniform numbers: two days, four faults, objected, spelling, three channels."""
    for start in range(0, rows, _CHUNK_ROWS):
        numbers = generator.random((min(_CHUNK_ROWS, rows - start), 11))
        yield from enumerate(numbers, start)


def _basis(draw: float) -> str | None:
    shares = PARAMETERS.contacts
    if draw < shares.contract_share:
        return "contract"
    return "consent" if draw < shares.contract_share + shares.consent_share else None
