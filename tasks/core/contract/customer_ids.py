"""Look customers up by their ids, whatever the case and the blanks in them."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled

_SPACE, _TAB, _UPPER_A, _UPPER_Z, _TO_LOWER, _ASCII = 0x20, 0x09, 0x41, 0x5A, 0x20, 0x80
_BASIS: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)
"""Source: Fowler, Noll and Vo, FNV-1a with 64 bits (RFC 9923)."""
_SHIFT: Final = np.uint64(32)
_ABSENT, _BEYOND_ASCII = -1, -2
_UNSEEN: Final = {"Zs", "Zl", "Zp", "Cf"}
"""Unicode's categories of separators and formats, such as the no-break space and the byte-order mark."""


def fold(customer_id: str) -> str:
    """Write an id without blanks and in lower case: ids that are equal then are one customer's.

    Blanks are spaces, tabs, and beyond ASCII whatever separates or formats without being seen. An accent may
    be a character of its own.
    """
    text = customer_id.replace(" ", "").replace("\t", "")
    if not text.isascii():
        seen = (each for each in text if unicodedata.category(each) not in _UNSEEN)
        text = unicodedata.normalize("NFC", "".join(seen))
    return text.casefold()


class FoldedIds:
    """N ids that `fold` wrote, one after the other: (B,) `octets` of UTF-8 and their (N + 1,) `ends`."""

    def __init__(self, parts: Iterable[Sequence[str]]) -> None:
        """Keep ids that come in parts."""
        octets, sizes = bytearray(), [np.zeros(1, dtype=np.int64)]
        for part in parts:
            encoded = [text.encode() for text in part]
            octets += b"".join(encoded)
            sizes.append(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)))
        self.octets = np.frombuffer(octets, dtype=np.uint8)
        self.ends = np.concatenate(sizes).cumsum()

    def __len__(self) -> int:
        """Return their number."""
        return len(self.ends) - 1

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """Return where each begins and ends: (N, 2)."""
        return np.stack([self.ends[:-1], self.ends[1:]], axis=1)

    def beyond_ascii(self) -> dict[str, int]:
        """Return the first place of each id that is not ASCII."""
        found = np.searchsorted(self.ends, np.flatnonzero(self.octets >= _ASCII), side="right") - 1
        places = np.unique(found)[::-1].tolist()
        return {self.octets[self.ends[i] : self.ends[i + 1]].tobytes().decode(): i for i in places}


class IdTable:
    """N customers by folded id, of equal ids the first; finds customers of arrays in compiled code."""

    def __init__(self, ids: "FoldedIds") -> None:
        """Build the table of N ids."""
        self._octets, self._ends = ids.octets, ids.ends
        self._slots = np.full(1 << (2 * len(ids) + 1).bit_length(), _ABSENT, dtype=np.int64)
        _fill(self._octets, self._ends, self._slots)
        self._beyond_ascii = ids.beyond_ascii()

    def __len__(self) -> int:
        """Return the number of different customers."""
        return int((self._slots >= 0).sum()) + len(self._beyond_ascii)

    def find(self, octets: Octets, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Find M customers, given (M, 2) bounds of their ids in (B,) UTF-8: their places (M,), or -1."""
        places = np.empty(len(ids), dtype=np.int64)
        _find(octets, ids, self._octets, self._ends, self._slots, places)
        for row in np.flatnonzero(places == _BEYOND_ASCII).tolist():
            places[row] = self.find_text(octets[ids[row, 0] : ids[row, 1]].tobytes().decode())
        return places

    def find_text(self, customer_id: str) -> int:
        """Find one customer; -1 if there is no such one."""
        folded = fold(customer_id)
        if not folded.isascii():
            return self._beyond_ascii.get(folded, _ABSENT)
        octets = np.frombuffer(folded.encode(), dtype=np.uint8)
        return int(self.find(octets, np.array([[0, len(octets)]], dtype=np.int64))[0])


@compiled
def _hash(octets: Octets, start: np.int64, end: np.int64) -> np.uint64:
    """Hash an id folded; 0 if it is not ASCII."""
    state = _BASIS
    for i in range(np.uintp(start), np.uintp(end)):
        octet = octets[i]
        if octet >= _ASCII:
            return np.uint64(0)
        if octet == _SPACE or octet == _TAB:  # noqa: PLR1714, SIM109 numba compares faster than it searches
            continue
        if _UPPER_A <= octet <= _UPPER_Z:
            octet += _TO_LOWER
        state = (state ^ np.uint64(octet)) * _PRIME
    state ^= state >> _SHIFT
    return max(state, np.uint64(1))


@compiled
def _same(
    octets: Octets, start: np.int64, end: np.int64, table: Octets, first: np.int64, last: np.int64
) -> bool:
    """Compare an ASCII id, folded, with a folded one."""
    at = np.uintp(first)
    for i in range(np.uintp(start), np.uintp(end)):
        octet = octets[i]
        if octet == _SPACE or octet == _TAB:  # noqa: PLR1714, SIM109 the same
            continue
        if _UPPER_A <= octet <= _UPPER_Z:
            octet += _TO_LOWER
        if at >= np.uintp(last) or table[at] != octet:
            return False
        at += np.uintp(1)
    return bool(at == np.uintp(last))


@compiled
def _fill(octets: Octets, ends: npt.NDArray[np.int64], slots: npt.NDArray[np.int64]) -> None:
    """Give every ASCII id a slot; of equal ones the first."""
    mask = np.uint64(len(slots) - 1)
    for place in range(len(ends) - 1):
        key = _hash(octets, ends[place], ends[place + 1])
        if key == np.uint64(0):
            continue
        slot = key & mask
        while slots[slot] >= 0:
            other = slots[slot]
            if _same(octets, ends[place], ends[place + 1], octets, ends[other], ends[other + 1]):
                break
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot] = place


@compiled
def _find(
    octets: Octets,
    ids: npt.NDArray[np.int64],
    table: Octets,
    ends: npt.NDArray[np.int64],
    slots: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
) -> None:
    mask = np.uint64(len(slots) - 1)
    for row in range(len(ids)):
        start, end = ids[row, 0], ids[row, 1]
        key = _hash(octets, start, end)
        if key == np.uint64(0):
            places[row] = _BEYOND_ASCII
            continue
        slot, found = key & mask, np.int64(_ABSENT)
        while slots[slot] >= 0:
            place = slots[slot]
            if _same(octets, start, end, table, ends[place], ends[place + 1]):
                found = place
                break
            slot = (slot + np.uint64(1)) & mask
        places[row] = found
