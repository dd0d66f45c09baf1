"""Access text columns as raw UTF-8 bytes."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Octets = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]

_SPECIAL: Final = np.frombuffer(b'",\r\n', dtype=np.uint8)
_NO_OCTETS: Final = np.empty(0, dtype=np.uint8)


def text_array(texts: "pd.Series[str]") -> pa.Array:
    """Convert (N,) texts to one Arrow array, unchanged."""
    array = pa.array(texts)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def text_buffers(
    cells: pa.StringArray | pa.LargeStringArray,
) -> tuple[Octets, Offsets]:
    """Return the concatenated bytes of (N,) text cells, and where each starts: (N + 1,) int64."""
    _, offsets, octets = cells.buffers()
    width = np.int64 if pa.types.is_large_string(cells.type) else np.int32
    bounds = np.frombuffer(offsets, dtype=width)[cells.offset : cells.offset + len(cells) + 1]
    first, last = (int(bounds[0]), int(bounds[-1])) if len(bounds) else (0, 0)
    data = np.frombuffer(octets, dtype=np.uint8)[first:last] if octets and last > first else _NO_OCTETS
    return data, (bounds - first).astype(np.int64) if len(bounds) else np.zeros(1, dtype=np.int64)


def quoted(cells: pa.StringArray) -> pa.StringArray:
    """Format (N,) cells as CSV fields: quoted if they contain a comma, a quote or a line break."""
    octets, _ = text_buffers(cells)
    if not np.isin(octets, _SPECIAL).any():
        return cells
    special = pc.match_substring_regex(cells, '[",\r\n]')
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), cells)
