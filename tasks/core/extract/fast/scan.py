"""Scan a block's lines into codes and numbers in one compiled pass over its bytes.

The pass knows nothing about the contract: tables tell it which values a column may have, and their codes.
It leaves any line that it cannot read with certainty to the line reader.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import Words, compiled, words_of
from tasks.core.extract.fast.spellings import Codes, Places, Spellings

WHOLE, DECIMAL, BLANK, NOT_PLAIN = 0, 1, 2, -1
"""How a number cell is written: digits, digits with a point, only spaces, anything else."""
UNKNOWN: Final = -1
"""Code for a category value that is not in the tables."""

IGNORED, ID, CATEGORY, NUMBER, SEARCHED = range(5)
"""What a field is: not read, the id, a category, a number, or text to search for personal data."""

PADDED, RETURNS = 0, 1
"""Places of the quirks of numbers and lines in `Scan.quirks`; those of values follow, from 2 on."""
_KINDS_OF_QUIRKS: Final = 4

_LF, _CR, _SPACE, _QUOTE, _POINT, _ZERO, _NINE, _DELETE = 10, 13, 32, 34, 46, 48, 57, 127
_BEYOND_ASCII: Final = 128
_MOST_CHARACTERS: Final = 15
"""Longest plain number: its digits and power of ten are exact in float64, so one division rounds correctly.

Source: Clinger 1990, "How to Read Floating Point Numbers Accurately"; IEEE 754 binary64.
"""
MOST_UNKNOWN: Final = 64
"""Unknown values reported per block; further ones are found in another pass."""

_TENTHS = 10.0 ** np.arange(_MOST_CHARACTERS + 1)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """The fields in a line: the kind of each, and its index among the fields of that kind."""

    separator: int
    kinds: Codes
    slots: Places

    @cached_property
    def ordinary(self) -> Flags:
        """Which octets, (256,), neither end a field nor need a second look: most of printable ASCII."""
        flags = np.zeros(256, dtype=np.bool_)
        flags[_SPACE:_DELETE] = True
        flags[[_QUOTE, self.separator]] = False
        return flags

    def count(self, kind: int) -> int:
        """Count the fields of a kind."""
        return int((self.kinds == kind).sum())


@dataclass(frozen=True)
class Scan:
    """The contents of a block's L lines; for a line that was not read, no value is valid.

    starts: (L,) int64, where each line starts.
    read, ascii: (L,) bool.
    known: (L,) bool: the line was read, and every category value in it is in the tables.
    codes: (L, K) int8.
    numbers, forms: (L, Q) float64 and int8.
    ids: (L, 2) int64, where the id starts and ends.
    searched: (T, L, 2) int64, the same for texts to search.
    quirks: (L, 4) uint8, how often a line has each quirk: `PADDED` numbers, more than one CR at its end
        (`RETURNS`), and the spellings' from 2 on.
    unknown: (U, 3) int64, unknown values: category, start and end.
    """

    starts: Places
    read: Flags
    known: Flags
    ascii: Flags
    codes: Codes
    numbers: npt.NDArray[np.float64]
    forms: Codes
    ids: Places
    searched: Places
    quirks: npt.NDArray[np.uint8]
    unknown: Places


def scan(data: bytes, lines: int, layout: Layout, spellings: Spellings) -> Scan:
    """Scan `lines` physical lines, each ending in LF except perhaps the last."""
    n_categories, n_numbers = layout.count(CATEGORY), layout.count(NUMBER)
    found = Scan(
        starts=np.empty(lines, dtype=np.int64),
        read=np.empty(lines, dtype=np.bool_),
        known=np.empty(lines, dtype=np.bool_),
        ascii=np.ones(lines, dtype=np.bool_),
        codes=np.empty((lines, n_categories), dtype=np.int8),
        numbers=np.zeros((lines, n_numbers), dtype=np.float64),
        forms=np.empty((lines, n_numbers), dtype=np.int8),
        ids=np.zeros((lines, 2), dtype=np.int64),
        searched=np.zeros((layout.count(SEARCHED), lines, 2), dtype=np.int64),
        quirks=np.zeros((lines, _KINDS_OF_QUIRKS), dtype=np.uint8),
        unknown=np.empty((MOST_UNKNOWN, 3), dtype=np.int64),
    )
    octets = np.frombuffer(data, dtype=np.uint8)
    n_unknown = _scan(
        octets,
        words_of(octets),
        layout.ordinary,
        layout.separator,
        layout.kinds,
        layout.slots,
        spellings.octets,
        spellings.bounds,
        spellings.codes,
        spellings.quirks,
        spellings.firsts,
        spellings.words,
        spellings.masks,
        spellings.guesses,
        spellings.hashes,
        found.starts,
        found.read,
        found.known,
        found.ascii,
        found.codes,
        found.numbers,
        found.forms,
        found.ids,
        found.searched,
        found.quirks,
        found.unknown,
    )
    return Scan(**{**vars(found), "unknown": found.unknown[:n_unknown]})


_ONE: Final = np.uintp(1)
"""Indices are unsigned: for signed indices numba emits a wraparound check, which is slower."""
_WORD: Final = np.uintp(8)
"""Octets in a word."""


@compiled
def _scan(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 one loop: a call would count references to arrays
    octets: Octets,
    words: Words,
    ordinary: Flags,
    separator: int,
    kinds: Codes,
    slots: Places,
    spelling_octets: Octets,
    spelling_bounds: Places,
    spelling_codes: Codes,
    spelling_quirks: Codes,
    spelling_firsts: Places,
    spelling_words: Words,
    spelling_masks: Words,
    guesses: Places,
    hashes: Words,
    starts: Places,
    read: Flags,
    known: Flags,
    ascii_: Flags,
    codes: Codes,
    numbers: npt.NDArray[np.float64],
    forms: Codes,
    ids: Places,
    searched: Places,
    quirks: npt.NDArray[np.uint8],
    unknown: Places,
) -> int:
    size, fields, most = np.uintp(len(octets)), np.uintp(len(kinds)), np.uintp(len(unknown))
    guess_words = np.uintp(spelling_words.shape[1])
    longest = guess_words * _WORD
    at = line = n_unknown = np.uintp(0)
    while at < size:
        starts[line] = at
        field, good, all_known = np.uintp(0), True, True
        while True:
            quoted = at < size and octets[at] == _QUOTE
            if quoted:
                at += _ONE
            start = at
            if field == fields:
                good = False
                break
            kind, slot, stop = kinds[field], np.uintp(slots[field]), _QUOTE if quoted else separator
            code, number, form, passed = np.int8(UNKNOWN), 0.0, np.int8(NOT_PLAIN), False
            if kind == CATEGORY:
                spelling = np.int64(-1)
                if at + longest + _WORD < size:
                    first = (words[at] & hashes[slot, 0]) * hashes[slot, 1]
                    hashed = np.uintp(first >> hashes[slot, 2])
                    guess, length = np.uintp(guesses[slot, hashed, 0]), np.uintp(guesses[slot, hashed, 1])
                    different = (words[at] ^ spelling_words[guess, 0]) & spelling_masks[guess, 0]
                    if length > longest:
                        different = np.uint64(1)
                    elif length > _WORD:
                        for i in range(_ONE, guess_words):
                            word = words[at + i * _WORD]
                            different |= (word ^ spelling_words[guess, i]) & spelling_masks[guess, i]
                    if different == 0 and octets[at + length] in (stop, _LF, _CR):
                        spelling, at = np.int64(guess), at + length
                if spelling < 0:
                    first_of, last_of = (
                        np.uintp(spelling_firsts[slot]),
                        np.uintp(spelling_firsts[slot + _ONE]),
                    )
                    spelling, at = _search(
                        octets, at, stop, spelling_octets, spelling_bounds, first_of, last_of
                    )
                if spelling >= 0:
                    passed, code = True, spelling_codes[np.uintp(spelling)]
                    quirk = spelling_quirks[np.uintp(spelling)]
                    if quirk:
                        quirks[line, np.uintp(RETURNS + quirk)] += np.uint8(1)
            elif kind == NUMBER:
                digits, decimals, points, fraction = 0, 0, 0, 0
                while at < size:
                    octet = octets[at]
                    if octet == _POINT and points == 0:
                        points = 1
                    elif _ZERO <= octet <= _NINE:
                        digits = digits * 10 + (octet - _ZERO)
                        decimals += points
                        fraction += points * (octet - _ZERO)
                    else:
                        break
                    at += _ONE
                characters = np.int64(at - start)
                if 0 < characters <= _MOST_CHARACTERS and at < size:
                    ends = octets[at] in (stop, _LF, _CR)
                    passed = ends and octets[start] != _POINT and octets[at - _ONE] != _POINT
                if passed:
                    number, form = digits / _TENTHS[decimals], np.int8(DECIMAL if fraction else WHOLE)
                else:
                    at = start
            while not passed and at < size:
                octet = octets[at]
                if ordinary[octet]:
                    at += _ONE
                    continue
                if octet in (_LF, stop):
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
                after_returns = _after_returns(octets, at)
                if after_returns > at + _ONE:
                    quirks[line, RETURNS] += np.uint8(1)
                at = after_returns
            if not good or (at < size and octets[at] != _LF and octets[at] != separator):
                good = False
                break
            if kind == CATEGORY:
                codes[line, slot] = code
                if code == UNKNOWN:
                    all_known = False
                    if n_unknown < most:
                        unknown[n_unknown, 0], unknown[n_unknown, 1], unknown[n_unknown, 2] = slot, start, end
                        n_unknown += _ONE
            elif kind == NUMBER:
                if not passed:
                    number, form, padded = _number(octets, start, end)
                    if padded:
                        quirks[line, PADDED] += np.uint8(1)
                numbers[line, slot], forms[line, slot] = number, form
            elif kind == ID:
                ids[line, 0], ids[line, 1] = start, end
            elif kind == SEARCHED:
                searched[slot, line, 0], searched[slot, line, 1] = start, end
            field += _ONE
            if at == size or octets[at] == _LF:
                break
            at += _ONE
        read[line] = good and field == fields
        known[line] = all_known and read[line]
        while at < size and octets[at] != _LF:
            at += _ONE
        at += _ONE
        line += _ONE
    return int(n_unknown)


@compiled
def _search(
    octets: Octets,
    start: np.uintp,
    stop: int,
    spelling_octets: Octets,
    spelling_bounds: Places,
    first: np.uintp,
    last: np.uintp,
) -> tuple[np.int64, np.uintp]:
    """Compare all spellings of a category with what is from `start` up to a `stop` or a line ending.

    Return the place of the spelling and its end; -1 and `start` if none is the same.
    """
    size = np.uintp(len(octets))
    for each in range(first, last):
        begin = np.uintp(spelling_bounds[each, 0])
        length = np.uintp(spelling_bounds[each, 1]) - begin
        end = start + length
        if end > size:
            continue
        same = True
        for i in range(length):
            if octets[start + i] != spelling_octets[begin + i]:
                same = False
                break
        if same and (end == size or octets[end] in (stop, _LF, _CR)):
            return np.int64(each), end
    return np.int64(-1), start


@compiled
def _after_returns(octets: Octets, start: np.uintp) -> np.uintp:
    """Return where the CRs from `start` end if the line ends there too, else `start`."""
    size, at = np.uintp(len(octets)), start
    while at < size and octets[at] == _CR:
        at += _ONE
    return at if at == size or octets[at] == _LF else start


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
