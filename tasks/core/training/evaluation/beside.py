"""Run fits in processes of their own, beside what this process does."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Final, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config

from tasks.core.errors import ConfigError

T = TypeVar("T")

_LOOK_SECONDS: Final = 0.5


@contextmanager
def beside(fits: Mapping[str, Callable[[], T]]) -> Iterator[Iterator[tuple[str, T]]]:
    """Start fits, at most one per free core, and give each with its name as it ends.

    One fit alone starts no process: it runs when it is asked for. Leaving the block stops what still
    runs; so does the end of this process, even by a kill, so that a resumed run finds the checkpoints its
    own.

    Args:
        fits: Functions that can be pickled, and return what can be pickled, by name.

    Raises:
        ConfigError: a process was killed; raised where the results are read, as are the fits' own errors.
    """
    processes = max(1, min(cpu_count(), len(fits)))
    parent = os.getpid()
    with parallel_config(backend="loky", inner_max_num_threads=1):
        # Nothing is memory-mapped: customers would be written to a temporary folder.
        pool = Parallel(processes, return_as="generator_unordered", pre_dispatch=processes, max_nbytes=None)
        ended = pool(delayed(_run)(name, fit, parent) for name, fit in fits.items())
    try:
        yield _explained(ended)
    finally:
        with warnings.catch_warnings(category=UserWarning, action="ignore"):
            ended.close()  # joblib warns of fits that it stops, which is what is wanted


def _explained(ended: Iterator[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    try:
        yield from ended
    except BrokenProcessPool:
        raise ConfigError(
            "training: a process that fits models for the evaluation was killed, usually because memory is"
            " short. Continue with --resume, or train with evaluation.folds=0."
        ) from None


def _run(name: str, fit: Callable[[], T], parent: int) -> tuple[str, T]:
    if os.getpid() != parent:
        _end_with(parent)
    return name, fit()


@cache
def _end_with(parent: int) -> None:
    """End this process as soon as the given one, which started it, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
