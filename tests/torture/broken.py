"""Writers and readers that are broken on purpose: each must be caught by the ordeal that names it."""

import time
from pathlib import Path

from tasks.core.files import flush_to_disk

_PIECES = 4


def replace_in_place(path: Path, data: bytes) -> None:
    """Replace a file as one must not: slowly, piece after piece, where consumers read it."""
    size = len(data) // _PIECES + 1
    with path.open("wb") as file:
        for at in range(0, len(data), size):
            file.write(data[at : at + size])
            flush_to_disk(file)
            time.sleep(0.05)
