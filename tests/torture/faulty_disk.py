"""Make one disk operation fail, or kill the process there, and record all of them."""

import builtins
import errno
import io
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self
from unittest.mock import patch

from tests.harness.killing import die

Fault = Literal["kill", "error", "full", "torn", "short"]
FAULTS: Final[tuple[Fault, ...]] = ("kill", "error", "full", "torn", "short")
"""Killed just before the operation; EIO once; ENOSPC from there on; half a write, then ENOSPC from
there on; half a write, of which the system says so."""

MET: Final = ".met"
"""File below the root that shows that the fault was hit."""

UNNAMED: Final = "/# (deleted)"
"""Follows the folder of a file that never has a name: it vanishes with its process."""

_ALLOCATING: Final = frozenset({"create", "write", "mkdir"})
_KINDS: Final[Mapping[Fault, frozenset[str]]] = {
    "full": _ALLOCATING,
    "torn": frozenset({"write"}),
    "short": frozenset({"write"}),
}


@dataclass(frozen=True)
class Operation:
    """What was done to which path; `target` is a rename's, `moment` is in seconds, as `time.monotonic`."""

    kind: str
    path: str
    target: str = ""
    moment: float = field(default=0.0, compare=False)


def can_meet(operation: Operation, fault: Fault) -> bool:
    """Tell whether a fault can happen at an operation: only writes can be torn."""
    return fault not in _KINDS or operation.kind in _KINDS[fault]


class FaultyDisk:
    """While entered, every operation of this process below `root` is counted, and one may fail.

    Operations are seen where Python hands them to the system; a library's own writes in C are not.
    A fault leaves the file `.met` below the root.
    """

    def __init__(self, root: Path, fault: Fault | None = None, at: int = 0) -> None:
        """Let the operation number `at` of those that can, counted from 0, meet a fault."""
        self.operations: list[Operation] = []
        self._root, self._fault, self._left = str(root), fault, at
        self._full = False
        self._one_by_one = threading.Lock()
        self._make = os.open
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        """Intercept Python's calls to the system."""
        opened = self._opening(io.open)
        for module, name, replacement in (
            (os, "open", self._open(os.open)),
            (os, "mkdir", self._on_path("mkdir", os.mkdir)),
            (os, "unlink", self._on_path("unlink", os.unlink)),
            (os, "remove", self._on_path("unlink", os.remove)),
            (os, "rmdir", self._on_path("rmdir", os.rmdir)),
            (os, "rename", self._renaming(os.rename)),
            (os, "replace", self._renaming(os.replace)),
            (os, "fsync", self._syncing(os.fsync)),
            (os, "chmod", self._on_path("chmod", os.chmod)),
            (os, "utime", self._on_path("utime", os.utime)),
            (io, "open", opened),
            (builtins, "open", opened),
        ):
            self._patches.enter_context(patch.object(module, name, replacement))
        return self

    def __exit__(self, *_: object) -> None:
        """Restore Python's calls."""
        self._patches.close()

    def write(self, file: "_Raw", data: Any, act: Callable[[Any], int]) -> int:
        """Write to a file below the root, or half of it."""
        hit = self._meets("write", _path_of(file.fileno()))
        if hit in ("short", "torn"):
            self._full = hit == "torn"
            return act(memoryview(data)[: max(1, len(data) // 2)])
        return act(data)

    def below(self, path: object, dir_fd: int | None = None) -> bool:
        """Tell whether a path, or an open file, is one of those that are watched."""
        if isinstance(path, int):
            return _path_of(path).startswith(self._root)
        return dir_fd is not None or os.fsdecode(path).startswith(self._root)  # type: ignore[arg-type]

    def _meets(self, kind: str, path: str, target: str = "") -> Fault | None:
        """Record an operation and let it meet the fault if it is its turn.

        Raises:
            OSError: the disk is full or broken.
        """
        operation = Operation(kind, path, target, time.monotonic())
        with self._one_by_one:
            self.operations.append(operation)
            hit = self._turn(operation)
        if hit is not None:
            os.close(self._make(f"{self._root}/{MET}", os.O_CREAT | os.O_WRONLY))
        if hit == "kill":
            die()
        if hit == "error":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._full = self._full or hit == "full"
        if self._full and kind in _ALLOCATING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return hit

    def _turn(self, operation: Operation) -> Fault | None:
        if self._fault is None or not can_meet(operation, self._fault):
            return None
        self._left -= 1
        return self._fault if self._left == -1 else None

    def _open(self, act: Callable[..., int]) -> Callable[..., int]:
        def acting(path: Any, flags: int, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> int:
            if self.below(path, dir_fd):
                unnamed = flags & os.O_TMPFILE == os.O_TMPFILE
                kind = "create" if unnamed or flags & os.O_CREAT else "open"
                self._meets(kind, os.fsdecode(path) + (UNNAMED if unnamed else ""))
            return act(path, flags, *args, dir_fd=dir_fd, **kwargs)

        return acting

    def _on_path(self, kind: str, act: Callable[..., None]) -> Callable[..., None]:
        def acting(path: Any, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> None:
            if self.below(path, dir_fd):
                self._meets(kind, os.fsdecode(path))
            act(path, *args, dir_fd=dir_fd, **kwargs)

        return acting

    def _renaming(self, act: Callable[..., None]) -> Callable[..., None]:
        def acting(path: Any, target: Any, **kwargs: Any) -> None:
            if self.below(path):
                self._meets("rename", os.fsdecode(path), os.fsdecode(target))
            act(path, target, **kwargs)

        return acting

    def _syncing(self, act: Callable[[int], None]) -> Callable[[int], None]:
        def acting(descriptor: int) -> None:
            if self.below(descriptor):
                self._meets("fsync", _path_of(descriptor))
            act(descriptor)

        return acting

    def _opening(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(
            file: Any,
            mode: str = "r",
            buffering: int = -1,
            *text: Any,
            opener: Any = None,
            **options: Any,
        ) -> Any:
            if not self.below(file):
                return act(file, mode, buffering, *text, opener=opener, **options)
            writes = any(letter in mode for letter in "wax+")
            if not isinstance(file, int) and opener is None:
                self._meets("create" if writes else "open", os.fsdecode(file))
            if not writes:
                return act(file, mode, buffering, *text, opener=opener, **options)
            raw = _Raw(file, mode.replace("b", "").replace("t", ""), self, opener=opener)
            buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            if "b" in mode:
                return buffered
            form = dict(zip(("encoding", "errors", "newline"), text, strict=False)) | options
            return io.TextIOWrapper(buffered, form.get("encoding"), form.get("errors"), form.get("newline"))

        return acting


class _Raw(io.FileIO):
    """An unbuffered file whose writes may fail."""

    def __init__(self, file: Any, mode: str, disk: FaultyDisk, opener: Any) -> None:
        super().__init__(file, mode, opener=opener)
        self._disk = disk

    def write(self, data: Any) -> int:
        """Write as much as the disk accepts."""
        return self._disk.write(self, data, super().write)


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())
