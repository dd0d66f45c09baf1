"""Ordeal: at no moment would a power cut leave something visible whose data was not on the disk yet.

A kill leaves what was written in the system's memory; a power cut does not. So the order is judged:
data is synced before it is shown by a rename, and a rename is synced before what follows relies on it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.torture.disk import make_template
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome
from tests.torture.trial import ACTS, Trial

_CALL: Final = re.compile(r"^(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)$")
_OPENED: Final = re.compile(r'"(?P<path>[^"]*)", (?P<flags>[A-Z_|0-9]+).*= \d+')
_DESCRIPTOR: Final = re.compile(r"\d+<(?P<path>[^>]*)>.*= \d+")
_PATHS: Final = re.compile(r'"(?P<path>[^"]*)"(?:.*?"(?P<target>[^"]*)")?.*= 0')
_TRACED: Final = "openat,write,fsync,fdatasync,rename,renameat,renameat2,mkdir,unlink,unlinkat"
_SYNCS: Final = frozenset({"fsync", "fdatasync"})


def unsafe(operations: list[Operation]) -> list[str]:
    """List the renames that a power cut could undo or show half: not synced before, or not after."""
    found = []
    dirty: dict[str, str] = {}  # files with unsynced data, and folders with unsynced names
    for operation in operations:
        kind, path = operation.kind, operation.path
        if kind in ("create", "write"):
            dirty[path] = "its data"
        if kind in ("create", "mkdir"):
            dirty[_parent(path)] = "its names"
        if kind == "fsync":
            dirty.pop(path, None)
        if kind in ("rename", "unlink"):
            shown = [f"{what} of {each}" for each, what in dirty.items() if _is_or_is_below(each, path)]
            relied = [each for each, what in dirty.items() if what == "a rename into it"]
            if kind == "rename" and shown:
                found.append(f"{path} is renamed before the disk has {', '.join(shown)}")
            found += [
                f"{path} goes before the disk has the rename into {each}"
                for each in relied
                if each != _parent(path)
            ]
        if kind == "rename":
            for each in [each for each in dirty if _is_or_is_below(each, path)]:
                dirty[operation.target + each.removeprefix(path)] = dirty.pop(each)
            dirty[_parent(operation.target)] = "a rename into it"
        if kind == "unlink":
            dirty.pop(path, None)
    return found


def traced(trial: Trial, home: Path) -> list[Operation]:
    """Act under strace; list the system calls on the disk below the home.

    Raises:
        SystemExit: there is no strace.
    """
    if shutil.which("strace") is None:
        raise SystemExit("error: the order of syncs is read by strace. Install it: apt-get install strace")
    log = home / ".strace"
    program = (
        f"from tests.torture.trial import *; act_on_faulty_disk({trial.act!r}, Path({str(home)!r}), None, 0)"
    )
    command = [
        "strace",
        "-f",
        "-y",
        "-qq",
        "-s",
        "512",
        "-e",
        f"trace={_TRACED}",
        "-o",
        str(log),
        sys.executable,
    ]
    subprocess.run([*command, "-c", program], check=True)
    lines = log.read_text(errors="replace").splitlines()
    return [
        operation for line in lines if (operation := _parsed(line)) and operation.path.startswith(str(home))
    ]


def ordeal(folder: Path) -> list[Outcome]:
    """Judge the system calls of each act; the same calls without their syncs must be found unsafe."""
    template, extract = make_template(folder)
    outcomes = []
    for act in ACTS:
        trial = Trial(template, act, extract)
        outcome = Outcome(f"{act}: system calls, their order judged for power cuts")
        night = trial.copy(folder / "traced")
        for operations in outcome.over([traced(trial, night.home)], show=False):
            outcome.violations += unsafe(of_ours(operations))
            if not unsafe([each for each in of_ours(operations) if each.kind != "fsync"]):
                outcome.violations.append("without a single sync nothing was found: the judge is blind")
        outcome.trials = len(operations)
        outcomes.append(outcome)
    return outcomes


def of_ours(operations: list[Operation]) -> list[Operation]:
    """Leave out what need not survive: locks, logs of TensorBoard, and what this harness writes."""
    return [
        each
        for each in operations
        if not re.search(r"/\.lock$|/tensorboard/|events\.out|/\.operations$", each.path)
    ]


def _parsed(line: str) -> Operation | None:
    call = _CALL.match(line)
    if call is None:
        return None
    name, rest = call["name"], call["rest"]
    if name == "openat" and (opened := _OPENED.search(rest)):
        return Operation("create", opened["path"]) if "O_CREAT" in opened["flags"] else None
    if (name == "write" or name in _SYNCS) and (file := _DESCRIPTOR.match(rest)):
        return Operation("fsync" if name in _SYNCS else "write", file["path"])
    if (name.startswith(("rename", "unlink")) or name == "mkdir") and (paths := _PATHS.search(rest)):
        return Operation(re.sub(r"at2?$", "", name), paths["path"], paths["target"] or "")
    return None


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _is_or_is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
