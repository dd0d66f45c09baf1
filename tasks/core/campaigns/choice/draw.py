"""Draw control groups: a bucket for each customer of an experiment, by a keyed hash of the id.

A bucket depends on nothing but key, experiment and id, so a customer stays in one group on every night, in
every bundle and in every campaign of the experiment; whoever has no key cannot tell the group from the id.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.campaign_files import BUCKETS
from tasks.core.arrow_text import Octets
from tasks.core.compiled import Words, compiled
from tasks.core.contract.customer_ids import fold
from tasks.core.storage.secret import Secret

_KEY_BYTES: Final = 16
_V0, _V1 = np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D)
_V2, _V3 = np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573)
_EIGHT, _FINAL, _BITS = np.uint64(8), np.uint64(0xFF), np.uint64(64)
_ROUNDS, _FINAL_ROUNDS = 2, 4
_13, _16, _17, _21, _32, _56 = (np.uint64(bits) for bits in (13, 16, 17, 21, 32, 56))
_SPACE, _TAB, _UPPER_A, _UPPER_Z, _TO_LOWER, _ASCII = 0x20, 0x09, 0x41, 0x5A, 0x20, 0x80


@dataclass(frozen=True)
class Draw:
    """N customers: their `bucket` of the experiment, int64 from 0 to 9,999, and their `tie`, uint64."""

    bucket: npt.NDArray[np.int64]
    tie: Words


class Experiment:
    """Draws for one experiment."""

    def __init__(self, experiment: str, secret: Secret) -> None:
        """Derive the keys.

        Raises:
            ConfigError: the key cannot be read.
        """
        self._bucket_key = _words(secret.key(f"experiment bucket {experiment}"))
        self._tie_key = _words(secret.key(f"experiment tie {experiment}"))

    def draw(self, octets: Octets, ids: npt.NDArray[np.int64]) -> Draw:
        """Draw for N customers, given (N, 2) bounds of their ids in (B,) UTF-8.

        Ids that `fold` writes alike are one customer's, here as in every list.
        """
        bucket, tie = np.empty(len(ids), dtype=np.uint64), np.empty(len(ids), dtype=np.uint64)
        longest = int((ids[:, 1] - ids[:, 0]).max(initial=0))
        folded = np.empty(longest + _KEY_BYTES, dtype=np.uint8)
        _hash_all(octets, ids, folded, *self._bucket_key, bucket)
        _hash_all(octets, ids, folded, *self._tie_key, tie)
        for row in np.flatnonzero(_are_beyond_ascii(octets, ids)).tolist():
            text = fold(octets[ids[row, 0] : ids[row, 1]].tobytes().decode()).encode()
            whole = np.frombuffer(text, dtype=np.uint8)
            bucket[row] = _siphash(whole, len(text), *self._bucket_key)
            tie[row] = _siphash(whole, len(text), *self._tie_key)
        return Draw((bucket % np.uint64(BUCKETS)).astype(np.int64), tie)


def siphash(data: bytes, key: bytes) -> int:
    """Return SipHash-2-4 of some bytes under a key of 16 bytes, as 64 bits.

    Source: Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF".
    """
    octets = np.frombuffer(data.ljust(1, b"\0"), dtype=np.uint8)
    return int(_siphash(octets, len(data), *_words(key)))


def _words(key: bytes) -> tuple[np.uint64, np.uint64]:
    first, second = np.frombuffer(key[:_KEY_BYTES], dtype="<u8")
    return first, second


@compiled
def _rotated(word: np.uint64, bits: np.uint64) -> np.uint64:
    return (word << bits) | (word >> (_BITS - bits))


@compiled
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 += v1
    v1 = _rotated(v1, _13) ^ v0
    v0 = _rotated(v0, _32)
    v2 += v3
    v3 = _rotated(v3, _16) ^ v2
    v0 += v3
    v3 = _rotated(v3, _21) ^ v0
    v2 += v1
    v1 = _rotated(v1, _17) ^ v2
    v2 = _rotated(v2, _32)
    return v0, v1, v2, v3


@compiled
def _siphash(octets: Octets, size: int, first: np.uint64, second: np.uint64) -> np.uint64:
    v0, v1, v2, v3 = _V0 ^ first, _V1 ^ second, _V2 ^ first, _V3 ^ second
    word, shift = np.uint64(0), np.uint64(0)
    for i in range(size):
        word |= np.uint64(octets[i]) << shift
        shift += _EIGHT
        if shift == _BITS:
            v3 ^= word
            for _ in range(_ROUNDS):
                v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
            word, shift = np.uint64(0), np.uint64(0)
    word |= np.uint64(size) << _56
    v3 ^= word
    for _ in range(_ROUNDS):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= word
    v2 ^= _FINAL
    for _ in range(_FINAL_ROUNDS):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@compiled
def _are_beyond_ascii(octets: Octets, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which ids have another character than those of ASCII, whose case is not so simple."""
    beyond = np.zeros(len(ids), dtype=np.bool_)
    for row in range(len(ids)):
        for i in range(np.uintp(ids[row, 0]), np.uintp(ids[row, 1])):
            beyond[row] |= octets[i] >= _ASCII
    return beyond


@compiled
def _hash_all(
    octets: Octets,
    ids: npt.NDArray[np.int64],
    folded: Octets,
    first: np.uint64,
    second: np.uint64,
    hashes: Words,
) -> None:
    """Hash every id without its blanks and with ASCII letters in lower case."""
    for row in range(len(ids)):
        size = 0
        for i in range(np.uintp(ids[row, 0]), np.uintp(ids[row, 1])):
            octet = octets[i]
            if octet == _SPACE or octet == _TAB:  # noqa: PLR1714, SIM109 numba compares faster than it searches
                continue
            if _UPPER_A <= octet <= _UPPER_Z:
                octet += _TO_LOWER
            folded[size] = octet
            size += 1
        hashes[row] = _siphash(folded, size, first, second)
