"""Keep the lines of customers who objected on disk, until repeated customers are known."""

from pathlib import Path
from typing import Final

import numpy as np

from tasks.core.extract.whole.duplicates import Lines, Repeats
from tasks.core.storage.spill import spill_file

_LINE: Final = np.dtype("<i8")
_BYTES_AT_ONCE: Final = 2**20 * _LINE.itemsize


class ObjectedLines:
    """Collects ascending lines, spilled to an unnamed file."""

    def __init__(self, folder: Path | None) -> None:
        """Spill to `folder`; if it is None, keep everything in memory."""
        self._file = spill_file(folder)

    def add(self, lines: Lines) -> None:
        """Add a block's lines."""
        self._file.write(lines.astype(_LINE, copy=False).tobytes())

    def count(self, repeats: Repeats) -> int:
        """Count the lines that repeats do not remove."""
        removed = np.union1d(repeats.duplicates, repeats.conflicts)
        self._file.seek(0)
        count = 0
        while data := self._file.read(_BYTES_AT_ONCE):
            lines = np.frombuffer(data, dtype=_LINE)
            count += len(lines) - int(np.isin(lines, removed).sum())
        return count

    def close(self) -> None:
        """Release the spill file."""
        self._file.close()
