"""Fits that other processes can run, and a program that is to be killed while they run.

`python -m tests.harness.fits FOLDER` starts two that never end.
"""

import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

from schemas.columns import TARGET
from tasks.core.errors import ConfigError, ExtractError
from tasks.core.training.evaluation.beside import beside

_DEADLINE_SECONDS = 120


def process_id() -> int:
    """Return the process that runs this."""
    return os.getpid()


def hang(folder: Path) -> NoReturn:
    """Name this process in the folder, and never end."""
    (folder / str(os.getpid())).touch()
    while True:
        time.sleep(60)


def refuse(folder: Path) -> NoReturn:
    """Raise as a fit does, once another one hangs."""
    wait_until_hanging(folder, 1)
    raise ConfigError("fit.learning_rate:\nthe loss is not finite. Lower it.")


def lack() -> NoReturn:
    """Raise as a fit on too few customers does."""
    raise ExtractError(f"column {TARGET!r}: too few.")


def wait_until_hanging(folder: Path, count: int) -> list[int]:
    """Wait until so many processes hang; return their ids."""
    for _ in _patiently():
        found = [int(path.name) for path in folder.iterdir()]
        if len(found) == count:
            return found
    raise AssertionError(f"{found} of {count} hang")


def wait_until_gone(processes: list[int]) -> None:
    """Wait until none of these processes runs; one that is dead and not yet waited for is gone."""
    for _ in _patiently():
        if not any(map(_runs, processes)):
            return
    raise AssertionError(f"of {processes} some still run")


def _patiently() -> Iterator[None]:
    end = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def main() -> None:
    """Wait for two fits that never end."""
    fit = partial(hang, Path(sys.argv[1]))
    with beside({"one": fit, "other": fit}) as ended:
        next(ended)


if __name__ == "__main__":
    os.sched_getaffinity = lambda _: {0, 1}
    main()
