"""Run a function as another user of this machine: only root can, and only in a process of its own."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import pytest

NOBODY: Final = 65_534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may enter; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def said_to_nobody(function: Callable[[], object]) -> Exception | object:
    """Call a function as the user nobody, in a fork; give what it returns or raises."""
    context = get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_as_nobody, args=(function, there))
    process.start()
    try:
        return here.recv() if here.poll(60) else None
    finally:
        process.join(60)


def _as_nobody(function: Callable[[], object], pipe: "object") -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    try:
        result = function()
    except Exception as error:  # noqa: BLE001 whatever it is, the test compares it
        result = error
    pipe.send(result)  # type: ignore[attr-defined]
