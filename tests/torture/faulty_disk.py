"""Let one operation on the disk fail, or kill the process there; keep a record of all of them."""

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self
from unittest.mock import patch

Fault = Literal["kill", "error", "full", "torn", "short"]
FAULTS: Final[tuple[Fault, ...]] = ("kill", "error", "full", "torn", "short")
"""Killed just before the operation; EIO once; ENOSPC from there on; half a write, then ENOSPC from
there on; half a write, of which the system says so."""

_ALLOCATING: Final = frozenset({"create", "write", "mkdir"})


@dataclass(frozen=True)
class Operation:
    """What was done to which path; `target` is a rename's."""

    kind: str
    path: str
    target: str = ""


class FaultyDisk:
    """While entered, every operation of this process below `root` is counted, and one may fail.

    Operations are seen where Python hands them to the system; a library's own writes in C are not.
    """

    def __init__(self, root: Path, fault: Fault | None = None, at: int = 0) -> None:
        """Let the operation number `at`, counted from 0, meet a fault."""
        self.operations: list[Operation] = []
        self._root, self._fault, self._at = str(root), fault, at
        self._full = False
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        """Stand between Python and the system."""
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
            (io, "open", opened),
            (builtins, "open", opened),
        ):
            self._patches.enter_context(patch.object(module, name, replacement))
        return self

    def __exit__(self, *_: object) -> None:
        """Get out of the way."""
        self._patches.close()

    def write(self, file: "_Raw", data: Any, act: Callable[[Any], int]) -> int:
        """Write to a file below the root, or half of it."""
        hit = self._meets(Operation("write", _path_of(file.fileno())))
        if hit in ("short", "torn") and len(data) > 1:
            self._full = hit == "torn"
            return act(memoryview(data)[: len(data) // 2])
        return act(data)

    def below(self, path: object, dir_fd: int | None = None) -> bool:
        """Tell whether a path, or an open file, is one of those that are watched."""
        if isinstance(path, int):
            return _path_of(path).startswith(self._root)
        return dir_fd is not None or os.fsdecode(path).startswith(self._root)  # type: ignore[arg-type]

    def _meets(self, operation: Operation) -> Fault | None:
        """Record an operation and let it meet the fault if it is its turn.

        Raises:
            OSError: the disk is full or broken.
        """
        number = len(self.operations)
        self.operations.append(operation)
        hit = self._fault if number == self._at else None
        if hit == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if hit == "error":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._full = self._full or hit == "full"
        if self._full and operation.kind in _ALLOCATING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return hit

    def _open(self, act: Callable[..., int]) -> Callable[..., int]:
        def acting(path: Any, flags: int, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> int:
            if self.below(path, dir_fd):
                kind = "create" if flags & (os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY) else "open"
                self._meets(Operation(kind, os.fsdecode(path)))
            return act(path, flags, *args, dir_fd=dir_fd, **kwargs)

        return acting

    def _on_path(self, kind: str, act: Callable[..., None]) -> Callable[..., None]:
        def acting(path: Any, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> None:
            if self.below(path, dir_fd):
                self._meets(Operation(kind, os.fsdecode(path)))
            act(path, *args, dir_fd=dir_fd, **kwargs)

        return acting

    def _renaming(self, act: Callable[..., None]) -> Callable[..., None]:
        def acting(path: Any, target: Any, **kwargs: Any) -> None:
            if self.below(path):
                self._meets(Operation("rename", os.fsdecode(path), os.fsdecode(target)))
            act(path, target, **kwargs)

        return acting

    def _syncing(self, act: Callable[[int], None]) -> Callable[[int], None]:
        def acting(descriptor: int) -> None:
            if self.below(descriptor):
                self._meets(Operation("fsync", _path_of(descriptor)))
            act(descriptor)

        return acting

    def _opening(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if not self.below(file):
                return act(file, mode, *args, **kwargs)
            writes = any(letter in mode for letter in "wax+")
            if not isinstance(file, int) and kwargs.get("opener") is None:
                self._meets(Operation("create" if writes else "open", os.fsdecode(file)))
            if not writes or "b" not in mode:
                return act(file, mode, *args, **kwargs)
            raw = _Raw(file, mode.replace("b", ""), self, opener=kwargs.get("opener"))
            return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

        return acting


class _Raw(io.FileIO):
    """A file without a buffer whose writes may fail."""

    def __init__(self, file: Any, mode: str, disk: FaultyDisk, opener: Any) -> None:
        super().__init__(file, mode, opener=opener)
        self._disk = disk

    def write(self, data: Any) -> int:
        """Write as much as the disk takes."""
        return self._disk.write(self, data, super().write)


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())
