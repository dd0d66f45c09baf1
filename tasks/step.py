"""What every step has in common: never cached, never persisted, tried again only on passing I/O."""

import errno
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from tasks.core.errors import PublishError

P = ParamSpec("P")
R = TypeVar("R")

PASSING: Final = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ENETDOWN, errno.ESTALE, errno.ETIMEDOUT}
)
"""Errors of file systems that may be gone a moment later; a full disk or a bad file is not."""


def passes(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a step failed on I/O that is worth another try."""
    error = state.result(raise_on_failure=False)
    while error is not None and not isinstance(error, OSError):
        error = getattr(error, "__context__", None)
    return error is not None and error.errno in PASSING


def step(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Decorate a step; frames are handed over in memory and never stored.

    What the disk does not do ends it as a PublishError, which unlike Python's own error names no file:
    Prefect keeps what a step says, and the name of an extract can be personal.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except OSError as error:
                raise _without_names(name, error) from None

        return task(
            name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=2,
            retry_delay_seconds=2,
            retry_condition_fn=passes,
        )(run)

    return decorate


def _without_names(step: str, error: OSError) -> PublishError:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return PublishError(
        f"step '{step}': the disk did not give or take a file: {error.strerror or type(error).__name__}"
        f" ({Path(place.filename).name}, line {place.lineno}). Mend it and run again."
    )
