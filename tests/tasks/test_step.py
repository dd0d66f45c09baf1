import errno
import importlib
import os
import pkgutil
import traceback
from typing import Any

import prefect
import pytest
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Failed
from tasks.step import passes, step

import tasks
from tasks.core.errors import ExtractError, PublishError

STEPS = [
    step
    for module in pkgutil.iter_modules(tasks.__path__)
    if not module.ispkg
    for step in vars(importlib.import_module(f"tasks.{module.name}")).values()
    if isinstance(step, prefect.Task)
]


def test_there_are_steps() -> None:
    """The list that the next test walks is the real one."""
    assert len(STEPS) >= 20
    assert len({step.name for step in STEPS}) == len(STEPS)


@pytest.mark.parametrize("each", STEPS, ids=lambda each: each.name)
def test_every_step_keeps_the_policy(each: "prefect.Task[..., Any]") -> None:
    """No step hashes or stores its inputs or results, and each is tried again only on passing I/O."""
    assert each.cache_policy == NO_CACHE
    assert each.persist_result is False
    assert each.retry_condition_fn is passes
    assert each.name
    assert each.description


def failed(error: BaseException) -> "State[Any]":
    """Make the state of a step that failed so."""
    return Failed(data=error)


def published_badly() -> PublishError:
    """Make the error of a disk that was busy for a moment, as publishing raises it."""
    error = PublishError("x")
    error.__context__ = OSError(errno.EBUSY, "busy")
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(errno.EIO, "I/O error"), True),
        (OSError(errno.ESTALE, "stale"), True),
        (published_badly(), True),
        (OSError(errno.ENOSPC, "full"), False),
        (FileNotFoundError(errno.ENOENT, "x"), False),
        (ExtractError("x"), False),
        (ValueError("bug"), False),
    ],
)
def test_only_passing_io_is_tried_again(error: BaseException, again: bool) -> None:
    """A full disk, a bad extract and a bug are not tried again; a stale mount is."""
    assert passes(None, None, failed(error)) is again  # type: ignore[arg-type]


def test_an_error_of_the_disk_names_no_file() -> None:
    """Neither the message nor what is shown of its cause holds a path; whether to try again is still told."""

    @step(name="read-it")
    def read() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "/inbox/Mary Smith.csv")

    with pytest.raises(
        PublishError, match=r"^step 'read-it': .*Input/output error \(test_step\.py, line"
    ) as raised:
        read.fn()

    assert "Mary" not in "".join(traceback.format_exception(raised.value))
    assert passes(None, None, failed(raised.value))  # type: ignore[arg-type]
