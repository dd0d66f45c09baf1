"""Read what strace saw a process do to the disk; an unknown call that names the home is an error."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.torture.faulty_disk import Operation
from tests.torture.trial import Trial

_OPENS: Final = frozenset({"open", "openat", "creat"})
_WRITES: Final = frozenset(
    {"write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate", "sendfile"}
)
_KINDS: Final = {
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), "unlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    **dict.fromkeys(("symlink", "symlinkat"), "symlink"),
    **dict.fromkeys(("link", "linkat"), "create"),  # a new name whose data the disk may not have
    "truncate": "write",
}
_SYNCS: Final = frozenset({"fsync", "fdatasync"})
_TRACED: Final = sorted({*_OPENS, *_WRITES, *_KINDS, *_SYNCS, "copy_file_range", "mmap"})

_CALL: Final = re.compile(r"^(?:\d+ +)?(?P<name>\w+)\((?P<given>.*)\) += (?P<result>\S.*)$")
_FAILED: Final = re.compile(r"-1 E[A-Z]+ ")
_DESCRIPTOR: Final = re.compile(r"(?:AT_FDCWD|\d+)<(?P<path>[^>]*)>(?P<gone>\(deleted\))?")
_PATH: Final = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<name>[^"]*)"')
_BEGUN: Final = re.compile(r"^(?P<thread>\d+) +(?P<begun>.*) <unfinished \.\.\.>$")
_ENDED: Final = re.compile(r"^(?P<thread>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")


class BlindError(Exception):
    """A system call that may have changed the home is not understood, so nothing can be judged."""


def traced(trial: Trial, home: Path) -> list[Operation]:
    """Act under strace; list the system calls on the disk below the home.

    Raises:
        SystemExit: there is no strace.
        BlindError: a call is not understood.
    """
    if shutil.which("strace") is None:
        raise SystemExit("error: the order of syncs is read by strace. Install it: apt-get install strace")
    log = home / ".strace"
    program = (
        "from tests.torture.trial import *;"
        f" act_on_faulty_disk({trial.act!r}, Path({str(home)!r}), {trial.extract.stat().st_size})"
    )
    calls = ",".join(f"?{name}" for name in _TRACED)  # some systems lack some of them
    strace = ["strace", "-f", "-y", "-qq", "-s", "512", "-e", f"trace={calls}", "-o", str(log)]
    subprocess.run([*strace, sys.executable, "-c", program], check=True)
    return below(home, log.read_text(errors="replace").splitlines())


def below(home: Path, lines: Iterable[str]) -> list[Operation]:
    """List the operations below the home in lines of strace.

    Raises:
        BlindError: a line that names the home is not understood.
    """
    read = (parsed(line, str(home)) for line in whole_calls(lines))
    return [
        each for each in read if each and any(path.startswith(str(home)) for path in (each.path, each.target))
    ]


def whole_calls(lines: Iterable[str]) -> Iterator[str]:
    """Put together the calls that strace shows in two lines, because another thread's came between them.

    A call stands where it ended: only then has the disk what it was given. One that never ended comes
    last, as it is.

    Raises:
        BlindError: a call ended that never began.
    """
    begun: dict[str, str] = {}
    for line in lines:
        if half := _BEGUN.match(line):
            begun[half["thread"]] = half["begun"]
        elif half := _ENDED.match(line):
            if half["thread"] not in begun:
                raise BlindError(line)
            yield f"{half['thread']} {begun.pop(half['thread'])}{half['rest']}"
        else:
            yield line
    yield from begun.values()


def parsed(line: str, home: str) -> Operation | None:
    """Read a system call as strace writes it; None for one that failed or changes nothing on the disk.

    Raises:
        BlindError: the line names the home and is not understood.
    """
    call = _CALL.match(line)
    if call is not None and (_FAILED.match(call["result"]) or _is_harmless(call)):
        return None
    operation = None
    if call is not None and call["result"] != "?":
        operation = _opening(call) or _of_file(call) or _of_names(call)
    if operation is None and home in line:
        raise BlindError(line)
    return operation


def _is_harmless(call: re.Match[str]) -> bool:
    """Tell whether a file is only read; what is written to memory shared with one would not be seen."""
    name, given = call["name"], call["given"]
    if name == "mmap":
        return "MAP_SHARED" not in given or "PROT_WRITE" not in given
    return name in ("open", "openat") and not re.search("O_CREAT|O_TRUNC", given)


def _opening(call: re.Match[str]) -> Operation | None:
    file = _DESCRIPTOR.match(call["result"])
    if call["name"] not in _OPENS or file is None:
        return None
    creates = call["name"] == "creat" or "O_CREAT" in call["given"]
    return Operation("create" if creates else "write", _path(file))


def _of_file(call: re.Match[str]) -> Operation | None:
    """Read a call to an open file; of two the second is copied to, except by sendfile."""
    name, files = call["name"], [*_DESCRIPTOR.finditer(call["given"])]
    if name == "copy_file_range":
        return Operation("write", _path(files[1])) if len(files) == 2 else None
    if name not in _WRITES | _SYNCS or _DESCRIPTOR.match(call["given"]) is None:
        return None
    return Operation("fsync" if name in _SYNCS else "write", _path(files[0]))


def _of_names(call: re.Match[str]) -> Operation | None:
    name, given = call["name"], call["given"]
    if name not in _KINDS or "RENAME_EXCHANGE" in given or "\\" in given:
        return None
    paths = [str(Path(each["folder"] or "", each["name"])) for each in _PATH.finditer(given)]
    if len(paths) != (2 if name.startswith(("rename", "link", "symlink")) else 1):
        return None
    return Operation("rename", *paths) if _KINDS[name] == "rename" else Operation(_KINDS[name], paths[-1])


def _path(descriptor: re.Match[str]) -> str:
    return descriptor["path"] + (" (deleted)" if descriptor["gone"] else "")
