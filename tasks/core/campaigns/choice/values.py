"""The value of keeping a customer: from the monthly charges, or from a file."""

import csv
import io
import math
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.campaign import MOST_MONEY, ChargesValue, FileValue
from schemas.columns import ID, NUMBERS
from tasks.core.access import cause_of
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold
from tasks.core.errors import ConfigError
from tasks.core.extract.text.separator import SEPARATORS, split_line
from tasks.core.storage.hashing import sha256

_CHARGES = NUMBERS.index("MonthlyCharges")


class Values(Protocol):
    """Values of customers."""

    def of(self, customers: Accepted) -> npt.NDArray[np.float64]:
        """Return the value of each of N customers, in the currency of the costs: (N,), NaN if unknown."""


class ByCharges:
    """MonthlyCharges x margin x months."""

    def __init__(self, terms: ChargesValue) -> None:
        """Take the campaign's terms."""
        self._factor = terms.margin * terms.months

    def of(self, customers: Accepted) -> npt.NDArray[np.float64]:
        """Return the value of each of N customers: (N,)."""
        return customers.numbers[:, _CHARGES] * self._factor


def load_values(terms: ChargesValue | FileValue, file: Path | None) -> tuple[Values, str | None]:
    """Return customers' values, and the SHA-256 of the file that they are from; None without one.

    Raises:
        ConfigError: the file cannot be read, or not as values.
    """
    if isinstance(terms, ChargesValue):
        return ByCharges(terms), None
    assert file is not None  # such a campaign names one
    data = _read(file)
    return FromFile(file, data, terms), sha256(data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"value.file '{path}' does not exist. Correct the path, which counts from the folder of the"
            " campaign file."
        ) from None
    except OSError as error:
        raise ConfigError(f"value.file: {cause_of(error, path)}") from None


class FromFile:
    """The values of a file with one row per customer; memory grows with the file."""

    def __init__(self, path: Path, data: bytes, terms: FileValue) -> None:
        """Read the bytes of the file.

        Raises:
            ConfigError: it is not CSV in UTF-8, lacks a column, has a value that is no number, or names a
                customer twice with different values.
        """
        found: dict[str, float] = {}
        try:
            with io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="") as file:
                separator = _separator(file.readline(), terms.column)
                file.seek(0)
                rows = csv.DictReader(file, delimiter=separator)
                missing = [name for name in (ID, terms.column) if name not in (rows.fieldnames or ())]
                if missing:
                    raise ConfigError(
                        f"value.file '{path}' has no column '{missing[0]}'. Expected CSV with the columns"
                        f" {ID} and {terms.column}."
                    )
                for row in rows:
                    customer, value = fold(row[ID] or ""), _value(row[terms.column])
                    if value is None:
                        raise ConfigError(
                            f"value.file '{path}', line {rows.line_num}: '{terms.column}' is not a number."
                            " Write digits with a decimal point, or nothing if the value is unknown."
                        )
                    if not _agree(found.setdefault(customer, value), value):
                        raise ConfigError(
                            f"value.file '{path}', line {rows.line_num}: a customer has two values. Send one"
                            " row per customer."
                        )
        except UnicodeDecodeError:
            raise ConfigError(f"value.file '{path}' is not UTF-8. Export it as UTF-8.") from None
        except csv.Error as error:
            raise ConfigError(
                f"value.file '{path}' is not readable as CSV: {error}. Export it again."
            ) from None
        self._table = IdTable(FoldedIds([[*found]]))
        self._values = np.array([*found.values(), math.nan])

    def of(self, customers: Accepted) -> npt.NDArray[np.float64]:
        """Return the value of each of N customers: (N,), NaN unless it is known, from 0 to `MOST_MONEY`."""
        return self._values[self._table.find(customers.octets, customers.ids)]  # -1 is the last one


def _separator(header: str, column: str) -> str:
    """Return the separator by which the header has most of the columns."""
    return max(SEPARATORS, key=lambda each: len({ID, column}.intersection(split_line(header.strip(), each))))


def _value(text: str | None) -> float | None:
    """Read a value, NaN if it is unknown or out of bounds; None if the cell is no number."""
    try:
        value = float((text or "").strip().replace("_", "?") or "nan")  # Python alone reads 1_000
    except ValueError:
        return None
    return value if 0 <= value <= MOST_MONEY else math.nan


def _agree(first: float, second: float) -> bool:
    return first == second or (math.isnan(first) and math.isnan(second))
