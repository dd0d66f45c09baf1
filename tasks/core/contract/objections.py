"""Who objected to marketing or to the profiling that serves it; they are never encoded (GDPR art. 21)."""

import hmac
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tasks.core.contract.accepted import Accepted
from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold

FINGERPRINT_BYTES = 32
"""Of HMAC-SHA-256."""


class Objections(Protocol):
    """Customers who objected."""

    def __len__(self) -> int:
        """Return their number."""

    def among(self, customers: Accepted) -> npt.NDArray[np.bool_]:
        """Tell which of N customers objected: (N,)."""

    def of_texts(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which of N ids belong to a customer who objected: (N,)."""


class ListedObjections:
    """Those on a list, by id."""

    def __init__(self, folded: Sequence[str]) -> None:
        """Take N ids that `fold` wrote."""
        self._table = IdTable(FoldedIds([folded]))

    def __len__(self) -> int:
        """Return their number."""
        return len(self._table)

    def among(self, customers: Accepted) -> npt.NDArray[np.bool_]:
        """Tell which of N customers objected: (N,)."""
        return self._table.find(customers.octets, customers.ids) >= 0

    def of_texts(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which of N ids belong to a customer who objected: (N,)."""
        return np.array([self._table.find_text(each) >= 0 for each in ids], dtype=np.bool_)


class KeptObjections:
    """Those on an earlier list, of whom only keyed fingerprints were kept; slower."""

    def __init__(self, fingerprints: bytes, key: bytes) -> None:
        """Take N fingerprints of 32 bytes each, made with the key."""
        starts = range(0, len(fingerprints), FINGERPRINT_BYTES)
        self._kept = frozenset(fingerprints[start : start + FINGERPRINT_BYTES] for start in starts)
        self._key = key

    def __len__(self) -> int:
        """Return their number."""
        return len(self._kept)

    def among(self, customers: Accepted) -> npt.NDArray[np.bool_]:
        """Tell which of N customers objected: (N,)."""
        return self.of_texts([customers.text_of_id(row) for row in range(len(customers))])

    def of_texts(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which of N ids belong to a customer who objected: (N,)."""
        return np.array([fingerprint(self._key, fold(each)) in self._kept for each in ids], dtype=np.bool_)


def fingerprint(key: bytes, folded: str) -> bytes:
    """Return the HMAC-SHA-256 of a folded id: 32 bytes, which without the key name nobody."""
    return hmac.digest(key, folded.encode(), "sha256")
