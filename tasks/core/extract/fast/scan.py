"""Scan a block's lines into codes and numbers in one compiled pass over its bytes.

The pass knows nothing about the contract: tables tell it which values a column may have, and their codes.
It leaves any line that it cannot read with certainty to the line reader.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.compiled import compiled

WHOLE, DECIMAL, BLANK, NOT_PLAIN = 0, 1, 2, -1
"""How a number cell is written: digits, digits with a point, only spaces, anything else."""
UNKNOWN: Final = -1
"""Code for a category value that is not in the tables."""

IGNORED, ID, CATEGORY, NUMBER, SEARCHED = range(5)
"""What a field is: not read, the id, a category, a number, or text to search for personal data."""

_LF, _CR, _SPACE, _QUOTE, _POINT, _ZERO, _NINE, _DELETE = 10, 13, 32, 34, 46, 48, 57, 127
_BEYOND_ASCII: Final = 128
_MOST_CHARACTERS: Final = 15
"""Longest plain number: its digits and power of ten are exact in float64, so one division rounds correctly.

Source: Clinger 1990, "How to Read Floating Point Numbers Accurately"; IEEE 754 binary64.
"""
MOST_UNKNOWN: Final = 64
"""Unknown values reported per block; further ones are found in another pass."""

_TENTHS = 10.0 ** np.arange(_MOST_CHARACTERS + 1)

Octets = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Spelled = tuple[int, int]
"""Code of a category value, and number of the quirk in its spelling, or 0."""


@dataclass(frozen=True)
class Layout:
    """The fields in a line: the kind of each, and its index among the fields of that kind."""

    separator: int
    kinds: Codes
    slots: Places

    def count(self, kind: int) -> int:
        """Count the fields of a kind."""
        return int((self.kinds == kind).sum())


@dataclass(frozen=True)
class Spellings:
    """Known spellings for category values: concatenated `octets`, (S, 2) `bounds`, (S,) `codes` and `quirks`.

    Category c has the spellings `firsts[c]` to `firsts[c + 1]`. `known` is the same as dictionaries.
    """

    known: list[dict[str, Spelled]]
    octets: Octets
    bounds: Places
    codes: Codes
    quirks: Codes
    firsts: Places

    @classmethod
    def of(cls, known: list[dict[str, Spelled]]) -> "Spellings":
        """Build the tables from a dictionary of spellings for each category."""
        texts = [(value.encode(), *spelled) for values in known for value, spelled in values.items()]
        ends = np.cumsum([0, *(len(text) for text, *_ in texts)], dtype=np.int64)
        return cls(
            known=known,
            octets=np.frombuffer(b"".join(text for text, *_ in texts), dtype=np.uint8),
            bounds=np.ascontiguousarray(np.stack([ends[:-1], ends[1:]], axis=1)),
            codes=np.array([code for _, code, _ in texts], dtype=np.int8),
            quirks=np.array([quirk for *_, quirk in texts], dtype=np.int8),
            firsts=np.cumsum([0, *map(len, known)], dtype=np.int64),
        )


@dataclass(frozen=True)
class Scan:
    """The contents of a block's lines; for a line that was not read, no value is valid.

    `starts` is where each line starts, (lines,) int64; `read` and `ascii` are (lines,) bool, `codes`
    (categories, lines) int8, `values` and `forms` (numbers, lines) float64 and int8; `ids` (lines, 2)
    int64 is where the id starts and ends, `searched` (texts, lines, 2) the same for searched texts.
    `quirks` (categories, lines) int8 numbers the quirks of spellings, `padded` (numbers, lines) bool tells
    which numbers have blanks around them, `returns` (lines,) bool which lines end with several CRs.
    `unknown`, (K, 3), lists unknown values: category, start and end.
    """

    starts: Places
    read: Flags
    ascii: Flags
    codes: Codes
    values: npt.NDArray[np.float64]
    forms: Codes
    ids: Places
    searched: Places
    quirks: Codes
    padded: Flags
    returns: Flags
    unknown: Places


def scan(data: bytes, lines: int, layout: Layout, spellings: Spellings) -> Scan:
    """Scan `lines` physical lines, each ending in LF except perhaps the last."""
    found = Scan(
        starts=np.empty(lines, dtype=np.int64),
        read=np.zeros(lines, dtype=np.bool_),
        ascii=np.ones(lines, dtype=np.bool_),
        codes=np.full((layout.count(CATEGORY), lines), UNKNOWN, dtype=np.int8),
        values=np.empty((layout.count(NUMBER), lines), dtype=np.float64),
        forms=np.full((layout.count(NUMBER), lines), NOT_PLAIN, dtype=np.int8),
        ids=np.zeros((lines, 2), dtype=np.int64),
        searched=np.zeros((layout.count(SEARCHED), lines, 2), dtype=np.int64),
        quirks=np.zeros((layout.count(CATEGORY), lines), dtype=np.int8),
        padded=np.zeros((layout.count(NUMBER), lines), dtype=np.bool_),
        returns=np.zeros(lines, dtype=np.bool_),
        unknown=np.empty((MOST_UNKNOWN, 3), dtype=np.int64),
    )
    n_unknown = _scan(
        np.frombuffer(data, dtype=np.uint8),
        layout.separator,
        layout.kinds,
        layout.slots,
        spellings.octets,
        spellings.bounds,
        spellings.codes,
        spellings.quirks,
        spellings.firsts,
        found.starts,
        found.read,
        found.ascii,
        found.codes,
        found.values,
        found.forms,
        found.ids,
        found.searched,
        found.quirks,
        found.padded,
        found.returns,
        found.unknown,
    )
    return Scan(**{**vars(found), "unknown": found.unknown[:n_unknown]})


def join_texts(data: bytes, bounds: Places) -> tuple[Octets, npt.NDArray[np.int32]]:
    """Concatenate texts, given their (N, 2) bounds: octets and (N + 1,) offsets."""
    offsets = np.zeros(len(bounds) + 1, dtype=np.int32)
    np.cumsum(bounds[:, 1] - bounds[:, 0], out=offsets[1:])
    octets = np.empty(int(offsets[-1]), dtype=np.uint8)
    _join_texts(np.frombuffer(data, dtype=np.uint8), bounds, octets)
    return octets, offsets


_ONE: Final = np.uintp(1)
"""Indices are unsigned: for signed indices numba emits a wraparound check, which is slower."""


@compiled
def _scan(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 one loop over the octets
    octets: Octets,
    separator: int,
    kinds: Codes,
    slots: Places,
    spelling_octets: Octets,
    spelling_bounds: Places,
    spelling_codes: Codes,
    spelling_quirks: Codes,
    spelling_firsts: Places,
    starts: Places,
    read: Flags,
    ascii_: Flags,
    codes: Codes,
    values: npt.NDArray[np.float64],
    forms: Codes,
    ids: Places,
    searched: Places,
    quirks: Codes,
    padded: Flags,
    returns: Flags,
    unknown: Places,
) -> int:
    size, fields, most = np.uintp(len(octets)), np.uintp(len(kinds)), np.uintp(len(unknown))
    at = line = n_unknown = np.uintp(0)
    while at < size:
        starts[line] = at
        field, good = np.uintp(0), True
        while True:
            quoted = at < size and octets[at] == _QUOTE
            if quoted:
                at += _ONE
            start = at
            if field == fields:
                good = False
                break
            kind, slot = kinds[field], np.uintp(slots[field])
            code = np.int8(UNKNOWN)
            if kind == CATEGORY:
                first, last = np.uintp(spelling_firsts[slot]), np.uintp(spelling_firsts[slot + _ONE])
                spelling, at = _known(
                    octets, at, _QUOTE if quoted else separator, spelling_octets, spelling_bounds, first, last
                )
                if spelling < last:
                    code, quirks[slot, line] = spelling_codes[spelling], spelling_quirks[spelling]
            while code == UNKNOWN and at < size:
                octet = octets[at]
                if octet == _LF or (quoted and octet == _QUOTE) or (not quoted and octet == separator):
                    break
                if octet < _SPACE or octet in (_DELETE, _QUOTE):
                    if good and octet == _CR and not quoted and _after_returns(octets, at) > at:
                        break
                    good = False
                elif octet >= _BEYOND_ASCII:
                    ascii_[line] = False
                at += _ONE
            end = at
            if quoted:
                if at == size or octets[at] != _QUOTE:
                    good = False
                    break
                at += _ONE
            if good and at < size and octets[at] == _CR:
                after = _after_returns(octets, at)
                returns[line], at = after > at + _ONE, after
            if not good or (at < size and octets[at] != _LF and octets[at] != separator):
                good = False
                break
            if kind == CATEGORY:
                codes[slot, line] = code
                if code == UNKNOWN and n_unknown < most:
                    unknown[n_unknown, 0], unknown[n_unknown, 1], unknown[n_unknown, 2] = slot, start, end
                    n_unknown += _ONE
            elif kind == NUMBER:
                values[slot, line], forms[slot, line], padded[slot, line] = _number(octets, start, end)
            elif kind == ID:
                ids[line, 0], ids[line, 1] = start, end
            elif kind == SEARCHED:
                searched[slot, line, 0], searched[slot, line, 1] = start, end
            field += _ONE
            if at == size or octets[at] == _LF:
                break
            at += _ONE
        read[line] = good and field == fields
        while at < size and octets[at] != _LF:
            at += _ONE
        at += _ONE
        line += _ONE
    return int(n_unknown)


@compiled
def _after_returns(octets: Octets, start: np.uintp) -> np.uintp:
    """Return where the CRs from `start` end if the line ends there too, else `start`."""
    size, at = np.uintp(len(octets)), start
    while at < size and octets[at] == _CR:
        at += _ONE
    return at if at == size or octets[at] == _LF else start


@compiled
def _known(
    octets: Octets,
    start: np.uintp,
    stop: int,
    known: Octets,
    bounds: Places,
    first: np.uintp,
    last: np.uintp,
) -> tuple[np.uintp, np.uintp]:
    """Match a known value from `start` up to a `stop` or a line ending.

    Return the place of its spelling and its end; `last` and `start` if no spelling matches.
    """
    size = np.uintp(len(octets))
    for each in range(first, last):
        begin, length = np.uintp(bounds[each, 0]), np.uintp(bounds[each, 1] - bounds[each, 0])
        after = start + length
        if after > size:
            continue
        same = True
        for i in range(length):
            if octets[start + i] != known[begin + i]:
                same = False
                break
        if same and (after == size or octets[after] == stop or octets[after] == _LF or octets[after] == _CR):
            return np.uintp(each), after
    return last, start


@compiled
def _join_texts(octets: Octets, bounds: Places, out: Octets) -> None:
    at = np.uintp(0)
    for row in range(len(bounds)):
        for i in range(np.uintp(bounds[row, 0]), np.uintp(bounds[row, 1])):
            out[at] = octets[i]
            at += _ONE


@compiled
def _number(octets: Octets, start: np.uintp, end: np.uintp) -> tuple[float, np.int8, bool]:
    """Return a cell's value and form, and whether there are blanks around a number."""
    first, last = start, end
    while first < end and octets[first] == _SPACE:
        first += _ONE
    if first == end:
        return np.nan, np.int8(BLANK), False
    while octets[last - _ONE] == _SPACE:
        last -= _ONE
    plain = last - first <= _MOST_CHARACTERS and octets[first] != _POINT and octets[last - _ONE] != _POINT
    if not plain:
        return np.nan, np.int8(NOT_PLAIN), False
    digits, decimals, after_point, fraction = 0, 0, False, 0
    for i in range(first, last):
        octet = octets[i]
        if octet == _POINT and not after_point:
            after_point = True
        elif _ZERO <= octet <= _NINE:
            digits = digits * 10 + (octet - _ZERO)
            if after_point:
                decimals += 1
                fraction += octet - _ZERO
        else:
            return np.nan, np.int8(NOT_PLAIN), False
    padded = bool(first > start or last < end)
    return digits / _TENTHS[decimals], np.int8(DECIMAL if fraction else WHOLE), padded
