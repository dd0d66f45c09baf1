"""A 32-byte key per row (id, digest, line), to find duplicates over a whole extract exactly."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import Words, compiled
from tasks.core.contract.accepted import Accepted

KEY: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("digest", "<u8"), ("line", "<i8")])
"""`high` and `low` hold the id, `digest` covers the whole row, `line` is the physical line."""

Keys = npt.NDArray[np.void]
NO_KEYS: Final[Keys] = np.empty(0, dtype=KEY)

_ID_BYTES: Final = 16
_SPACE, _TAB = ord(" "), ord("\t")
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Source: Fibonacci hashing, 2**64 over the golden ratio (Knuth, TAOCP 6.4)."""
_SHIFT: Final = np.uint64(29)
_CODE_BITS: Final = np.uint64(8)
_CODES_A_WORD: Final = 8


def keys_of_accepted(customers: Accepted, *, then: Keys) -> Keys:
    """Make the keys of N accepted customers, see `keys_of`, followed by some others.

    Equal rows have equal digests, and two different ones collide with a probability of 2**-64; 0 and -0 count
    as equal.
    """
    digests = np.empty(len(customers), dtype=np.uint64)
    _digest(customers.codes, customers.forms, customers.numbers, digests)
    return keys_of(customers.octets, customers.ids, digests, customers.lines, then=then)


def keys_of(
    octets: Octets,
    ids: npt.NDArray[np.int64],
    digests: Words,
    lines: npt.NDArray[np.int64],
    *,
    then: Keys = NO_KEYS,
) -> Keys:
    """Make the keys of N rows, given (N, 2) bounds of their ids in the (B,) octets; then come others.

    Ids of up to 16 bytes are compared as they are, longer ones by 128 bits of BLAKE2b. Padding with
    NULs cannot make two ids equal, because the contract rejects control characters in ids. Rows with
    a blank id are only duplicates of each other if the whole rows are equal.
    """
    made = np.empty(len(lines) + len(then), dtype=KEY)
    made[len(lines) :] = then
    keys = made.view("<u8").reshape(-1, 4)[: len(lines)]
    _fill(octets, ids, digests, lines, keys)
    for row in np.flatnonzero(ids[:, 1] - ids[:, 0] > _ID_BYTES).tolist():
        text = octets[ids[row, 0] : ids[row, 1]].tobytes()
        if text.strip(b" \t"):
            keys[row, :2] = np.frombuffer(hashlib.blake2b(text, digest_size=_ID_BYTES).digest(), dtype="<u8")
    return made


def spread(keys: Keys) -> Words:
    """Hash the ids of keys evenly over 64 bits: (N,)."""
    hashes = np.empty(len(keys), dtype=np.uint64)
    _spread(keys.view("<u8").reshape(-1, 4), hashes)
    return hashes


def digest_texts(rows: Iterable[tuple[object, ...]]) -> Words:
    """Digest refused rows by their cells' text: (N,)."""
    texts = ["\x1f".join(map(str, row)).encode() for row in rows]
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8")


@compiled
def _mix(state: np.uint64, value: np.uint64) -> np.uint64:
    mixed = (state ^ value) * _ODD
    return mixed ^ (mixed >> _SHIFT)


@compiled
def _digest(
    codes: npt.NDArray[np.int8],
    forms: npt.NDArray[np.int8],
    numbers: npt.NDArray[np.float64],
    digests: Words,
) -> None:
    """Mix eight codes or forms at a time, then the bits of the numbers."""
    bits = numbers.view(np.uint64)
    for row in range(len(digests)):
        state, packed = np.uint64(0), np.uint64(0)
        for k in range(codes.shape[1]):
            packed = (packed << _CODE_BITS) | np.uint64(codes[row, k])
            if k % _CODES_A_WORD == _CODES_A_WORD - 1:
                state, packed = _mix(state, packed), np.uint64(0)
        for q in range(forms.shape[1]):
            packed = (packed << _CODE_BITS) | np.uint64(forms[row, q])
        state = _mix(state, packed)
        for q in range(numbers.shape[1]):
            number = numbers[row, q]
            value = np.uint64(0) if number == 0.0 else bits[row, q]
            state = _mix(state, np.uint64(1) if np.isnan(number) else value)
        digests[row] = state


@compiled
def _spread(keys: Words, hashes: Words) -> None:
    for row in range(len(hashes)):
        hashes[row] = _mix(_mix(np.uint64(0), keys[row, 0]), keys[row, 1])


@compiled
def _fill(
    octets: Octets, ids: npt.NDArray[np.int64], digests: Words, lines: npt.NDArray[np.int64], keys: Words
) -> None:
    """Write the (N, 4) keys of rows whose ids are short or blank; leave the first half of the others."""
    for row in range(len(keys)):
        start, end = np.uintp(ids[row, 0]), np.uintp(ids[row, 1])
        blank, high, low, shift = True, np.uint64(0), np.uint64(0), np.uint64(0)
        for i in range(start, end):
            octet = octets[i]
            blank &= octet == _SPACE or octet == _TAB  # noqa: PLR1714 numba compares faster than it searches
            if i - start < np.uintp(8):
                high |= np.uint64(octet) << shift
            else:
                low |= np.uint64(octet) << shift
            shift = (shift + np.uint64(8)) & np.uint64(63)
        keys[row, 0] = digests[row] if blank else high
        keys[row, 1] = np.uint64(0) if blank else low
        keys[row, 2], keys[row, 3] = digests[row], np.uint64(lines[row])
