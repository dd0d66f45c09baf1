"""Look at text columns as the octets they are."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Octets = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]

_NO_OCTETS = np.empty(0, dtype=np.uint8)


def text_array(texts: "pd.Series[str]") -> pa.Array:
    """Give (N,) texts as one Arrow array, as they are."""
    array = pa.array(texts)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def text_buffers(
    cells: pa.StringArray | pa.LargeStringArray,
) -> tuple[Octets, Offsets]:
    """Give the octets of (N,) text cells one after another, and where each starts: (N + 1,) int64."""
    _, offsets, octets = cells.buffers()
    width = np.int64 if pa.types.is_large_string(cells.type) else np.int32
    bounds = np.frombuffer(offsets, dtype=width)[cells.offset : cells.offset + len(cells) + 1]
    first, last = (int(bounds[0]), int(bounds[-1])) if len(bounds) else (0, 0)
    data = np.frombuffer(octets, dtype=np.uint8)[first:last] if octets and last > first else _NO_OCTETS
    return data, (bounds - first).astype(np.int64) if len(bounds) else np.zeros(1, dtype=np.int64)
