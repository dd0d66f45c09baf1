"""What every step has in common: never cached, never persisted, tried again only on passing I/O."""

import errno
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

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
    """Decorate a step; frames are handed over in memory and never stored."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=2,
        retry_delay_seconds=2,
        retry_condition_fn=passes,
    )
