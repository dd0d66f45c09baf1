"""A 32-byte key per row (id, digest, line), to find duplicates over a whole extract exactly."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tasks.core.arrow_text import Octets, Offsets, text_buffers
from tasks.core.compiled import compiled

KEY: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("digest", "<u8"), ("line", "<i8")])
"""`high` and `low` hold the id, `digest` covers the whole row, `line` is the physical line."""

Keys = npt.NDArray[np.void]

_ID_BYTES: Final = 16
_SPACE, _TAB = ord(" "), ord("\t")
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Source: Fibonacci hashing, 2**64 over the golden ratio (Knuth, TAOCP 6.4)."""
_SHIFT: Final = np.uint64(29)


def keys_of(ids: pa.StringArray, digests: npt.NDArray[np.uint64], lines: npt.NDArray[np.int64]) -> Keys:
    """Make the keys of (N,) rows.

    Ids of up to 16 bytes are compared as they are, longer ones by 128 bits of BLAKE2b. Padding with
    NULs cannot make two ids equal, because the contract rejects control characters in ids. Rows with
    a blank id are only duplicates of each other if the whole rows are equal.
    """
    octets, offsets = text_buffers(ids)
    filled = np.zeros((len(ids), _ID_BYTES), dtype=np.uint8)
    blank = np.empty(len(ids), dtype=np.bool_)
    _fill(octets, offsets, filled, blank)
    for row in np.flatnonzero(np.diff(offsets) > _ID_BYTES):
        text = octets[offsets[row] : offsets[row + 1]].tobytes()
        filled[row] = np.frombuffer(hashlib.blake2b(text, digest_size=_ID_BYTES).digest(), dtype=np.uint8)
    halves = filled.view("<u8")
    keys = np.empty(len(ids), dtype=KEY)
    keys["high"] = np.where(blank, digests, halves[:, 0])
    keys["low"] = np.where(blank, 0, halves[:, 1])
    keys["digest"], keys["line"] = digests, lines
    return keys


def spread(keys: Keys) -> npt.NDArray[np.uint64]:
    """Hash the ids of keys evenly over 64 bits: (N,)."""
    hashes = np.zeros(len(keys), dtype=np.uint64)
    _mix(hashes, np.stack([keys["high"], keys["low"]]))
    return hashes


def digest_rows(columns: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Digest accepted rows, (N,): equal rows have equal digests.

    Two different rows collide with a probability of 2**-64. Columns are categoricals with equal
    categories, or float64, where 0 and -0 count as equal.
    """
    digests = np.zeros(len(columns), dtype=np.uint64)
    codes, numbers = [], []
    for name in columns:
        column = columns[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes.append(column.cat.codes.to_numpy())
        else:
            numbers.append(column.to_numpy(dtype=np.float64))
    _mix(digests, np.stack(codes))
    _mix(digests, (np.nan_to_num(np.stack(numbers), copy=False, nan=-1.0) + 0.0).view(np.uint64))
    return digests


def digest_texts(rows: Iterable[tuple[object, ...]]) -> npt.NDArray[np.uint64]:
    """Digest refused rows by their cells' text: (N,)."""
    texts = ["\x1f".join(map(str, row)).encode() for row in rows]
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8")


@compiled
def _mix(state: npt.NDArray[np.uint64], values: npt.NDArray[np.integer]) -> None:
    """Mix (C, N) non-negative values into (N,) hashes."""
    for column in values:
        for row in range(len(state)):
            mixed = (state[row] ^ np.uint64(column[row])) * _ODD
            state[row] = mixed ^ (mixed >> _SHIFT)


@compiled
def _fill(octets: Octets, offsets: Offsets, filled: Octets, blank: npt.NDArray[np.bool_]) -> None:
    """Copy the (N,) texts that are short enough, and mark the blank ones."""
    for row in range(len(filled)):
        start, blanks = offsets[row], 0
        length = offsets[row + 1] - start
        for i in range(length):
            octet = octets[start + i]
            blanks += octet in (_SPACE, _TAB)
            if length <= _ID_BYTES:
                filled[row, i] = octet
        blank[row] = blanks == length
