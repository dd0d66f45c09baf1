"""Name the steps of a run and log what they do; a watcher can display them.

A step behaves the same whether or not it is watched, and a watcher cannot make it fail.
"""

import errno
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Final, ParamSpec, Protocol, TypeVar

from tasks.core.access import explain
from tasks.core.errors import PublishError

P = ParamSpec("P")
R = TypeVar("R")

log: Final = logging.getLogger("churn")
"""The one logger of every run: counts, paths and line numbers, never a customer's value."""

PASSING: Final = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ENETDOWN, errno.ESTALE, errno.ETIMEDOUT}
)
"""Errors of file systems that may be transient; a full disk or a bad file is not."""

RETRIES: Final = 2
PAUSE_SECONDS: Final = 2.0


class Watcher(Protocol):
    """Receives the events of a run as they happen."""

    def began(self, step: str) -> None:
        """A step began, possibly inside another."""

    def ended(self, error: BaseException | None) -> None:
        """The step ended, with the error if it failed."""

    def progress(self, what: str, share: float, rows: int) -> None:
        """Progress of long work: its share from 0 to 1, and the rows done."""

    def conclude(self, result: str) -> None:
        """What the run came to, in a few words: counts, dates and ids only."""

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """A page for the dashboard: counts and metrics only."""

    def announce(self, event: str, resource: str, facts: Mapping[str, str | int]) -> None:
        """Something happened that others may act on: counts, dates and names of folders only."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Send the events of this thread to a watcher for the duration of the block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def is_watched() -> bool:
    """Tell whether the run is being watched already."""
    return _watcher.get() is not None


def step(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a step: it is watched, and retried after a transient file system error.

    A disk error ends it as a PublishError, which unlike Python's own names no file: messages
    are kept, and an extract's name can be personal.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with _shown(name):
                for _ in range(RETRIES):
                    try:
                        return _without_names(name, function, *args, **kwargs)
                    except Exception as error:
                        if not passes(error):
                            raise
                        log.warning("%s Trying again in %g s.", error, PAUSE_SECONDS)
                        time.sleep(PAUSE_SECONDS)
                return _without_names(name, function, *args, **kwargs)

        run.step = name  # type: ignore[attr-defined]
        return run

    return decorate


def passes(error: BaseException | None) -> bool:
    """Tell whether an error comes from I/O that is worth retrying."""
    while error is not None and not isinstance(error, OSError):
        error = error.__context__
    return error is not None and error.errno in PASSING


def progress(what: str, share: float, rows: int) -> None:
    """Report the progress of long work to the watcher."""
    _hand(lambda watcher: watcher.progress(what, share, rows))


def show(markdown: str, *, key: str, description: str) -> None:
    """Send the watcher a page for the dashboard."""
    _hand(lambda watcher: watcher.show(markdown, key=key, description=description))


def announce(event: str, resource: str, facts: Mapping[str, str | int]) -> None:
    """Tell the watcher that something happened to a resource on which others may act."""
    _hand(lambda watcher: watcher.announce(event, resource, facts))


def conclude(result: str) -> None:
    """Tell the watcher in a few words what the run came to."""
    _hand(lambda watcher: watcher.conclude(result))


def _hand(over: Callable[[Watcher], None]) -> None:
    """Pass something to the watcher; its failures do not affect the run."""
    if (watcher := _watcher.get()) is not None:
        try:
            over(watcher)
        except Exception as error:  # noqa: BLE001 the run must not fail of being watched
            log.debug("a watcher failed: %s", type(error).__name__)


@contextmanager
def _shown(name: str) -> Iterator[None]:
    _hand(lambda watcher: watcher.began(name))
    try:
        yield
    except BaseException as error:
        reason = error
        _hand(lambda watcher: watcher.ended(reason))
        raise
    _hand(lambda watcher: watcher.ended(None))


def _without_names(name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except OSError as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise PublishError(
            f"step '{name}': could not read or write a file: {error.strerror or type(error).__name__}"
            f" ({Path(place.filename).name}, line {place.lineno})."
            f" {explain(error) or 'Fix it and run again.'}"
        ) from None
