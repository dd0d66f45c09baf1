"""Say of every row in 32 bytes whose it is and what it says, to find repeats over a whole extract."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tasks.core.text import text_buffers

KEY: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("digest", "<u8"), ("line", "<i8")])
"""`high` and `low` are the id, `digest` is of the whole row, `line` is physical."""

Keys = npt.NDArray[np.void]

_ID_BYTES: Final = 16
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Source: Fibonacci hashing, 2**64 over the golden ratio (Knuth, TAOCP 6.4)."""
_SHIFT: Final = np.uint64(29)


def keys_of(ids: pa.StringArray, digests: npt.NDArray[np.uint64], lines: npt.NDArray[np.int64]) -> Keys:
    """Make the keys of (N,) rows.

    Ids of up to 16 octets are compared as they are, longer ones by 128 bits of BLAKE2b. They hold no
    NUL, which the contract calls a control character, so that filling up with NULs keeps them apart.
    A blank id is nobody's: it is shared only by rows that are equal.
    """
    octets, offsets = text_buffers(ids)
    lengths = np.diff(offsets)
    filled = np.zeros((len(ids), _ID_BYTES), dtype=np.uint8)
    short = lengths <= _ID_BYTES
    within = np.arange(_ID_BYTES) < lengths[:, np.newaxis]
    if short.all():
        filled[within] = octets
    else:
        filled[within & short[:, np.newaxis]] = octets[np.repeat(short, lengths)]
        for row in np.flatnonzero(~short):
            text = octets[offsets[row] : offsets[row + 1]].tobytes()
            filled[row] = np.frombuffer(hashlib.blake2b(text, digest_size=_ID_BYTES).digest(), dtype=np.uint8)
    halves = filled.view("<u8")
    keys = np.empty(len(ids), dtype=KEY)
    nameless = (filled == ord(" ")).sum(axis=1) + (filled == ord("\t")).sum(axis=1) == lengths
    keys["high"] = np.where(nameless, digests, halves[:, 0])
    keys["low"] = np.where(nameless, 0, halves[:, 1])
    keys["digest"], keys["line"] = digests, lines
    return keys


def spread(keys: Keys) -> npt.NDArray[np.uint64]:
    """Hash the ids of keys evenly over 64 bits: (N,)."""
    return _mix(_mix(np.zeros(len(keys), dtype=np.uint64), keys["high"]), keys["low"])


def digest_rows(columns: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Digest accepted rows, (N,): equal rows have equal digests.

    Two that differ have the same one with a chance of 2**-64. Columns are categoricals of equal
    categories, or float64, of which 0 and -0 are equal.
    """
    digests = np.zeros(len(columns), dtype=np.uint64)
    for name in columns:
        column = columns[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            digests = _mix(digests, column.cat.codes.to_numpy().astype(np.uint64))
        else:
            value = np.nan_to_num(column.to_numpy(dtype=np.float64), nan=-1.0) + 0.0
            digests = _mix(digests, value.view(np.uint64))
    return digests


def digest_texts(rows: Iterable[tuple[object, ...]]) -> npt.NDArray[np.uint64]:
    """Digest rows that are not accepted, by their cells as text: (N,)."""
    texts = ["\x1f".join(map(str, row)).encode() for row in rows]
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8")


def _mix(state: npt.NDArray[np.uint64], values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    mixed = (state ^ values) * _ODD
    return np.asarray(mixed ^ (mixed >> _SHIFT), dtype=np.uint64)
