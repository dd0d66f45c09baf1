"""Unnamed files and shared folders for data that does not fit in memory."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from tasks.core.storage.atomic import new_stage, sweep_stages

_SPILL_IN_MEMORY: Final = 2**17
"""Bytes."""


def spill_file(folder: Path | None) -> BinaryIO:
    """Open an unnamed temporary file, which vanishes however the process ends.

    The first 128 KiB stay in memory, or everything if no folder is given.
    """
    kept = _SPILL_IN_MEMORY if folder is not None else 0
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(kept, dir=folder))  # type: ignore[arg-type]


@contextmanager
def shared_folder(beside: Path, name: str) -> Iterator[Path]:
    """Provide a hidden folder for one run's processes; sweep folders left by killed runs."""
    sweep_stages(beside)
    folder = new_stage(beside, name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
