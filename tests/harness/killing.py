"""Kill processes: at a moment, around a call, or once a step has ended. All kills of the tests happen here.

A Dask worker that preloads this module is killed in the middle of a partition: once, whichever is first.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from tasks.core.engine import partition_results

KILLED: Final = -9
"""The exit code of a process that was killed."""


_FORKED: Final = ["tests.harness.night", "tests.harness.approvals", "tests.torture.trial"]
"""Modules of the targets: there is one server for all tests of a process."""


def die() -> None:
    """Kill the process that calls this."""
    os.kill(os.getpid(), signal.SIGKILL)


def forked(target: Callable[..., None], *args: object) -> BaseProcess:
    """Start a process, forked from a server that has imported the targets' modules and computed nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_FORKED)
    process = context.Process(target=target, args=args)
    process.start()
    return process


def ended(process: BaseProcess, *, kill_after: float | None = None) -> int:
    """Wait for a process, or kill it after these seconds; return its exit code."""
    process.join(kill_after)
    if kill_after is not None:
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def kill_around(module: Any, name: str, moment: str, chosen: Callable[..., bool]) -> None:
    """Kill the process `before` or `after` a call of a function with matching arguments."""
    original = getattr(module, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if moment == "before" and chosen(*args):
            die()
        result = original(*args, **kwargs)
        if moment == "after" and chosen(*args):
            die()
        return result

    setattr(module, name, deadly)


class StepKiller:
    """Watches for one step, and kills the process when it has ended."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._steps: list[str] = []

    def began(self, step: str) -> None:
        """Notice that a step begins."""
        self._steps.append(step)

    def ended(self, _error: BaseException | None) -> None:
        """Notice that a step ends."""
        if self._steps.pop() == self._step:
            die()

    def progress(self, what: str, share: float, rows: int) -> None:
        """Ignore progress."""

    def conclude(self, result: str) -> None:
        """Let it conclude."""

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """Ignore a page."""

    def announce(self, event: str, resource: str, facts: Mapping[str, str | int]) -> None:
        """Ignore an event."""


def dask_setup(_worker: Any) -> None:
    """Kill the first Dask worker that has written a block, before it can report it."""

    def is_first(_block: Any, file: Any) -> bool:
        file.flush()
        try:
            Path(os.environ["CHURN_HOME"], "killed").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    kill_around(partition_results, "_record", "after", is_first)
