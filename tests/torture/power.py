"""Torture test: a power cut never leaves something visible whose data is not on the disk yet.

A kill leaves what was written in the system's memory; a power cut does not. So the order is judged:
data is synced before it is shown by a rename, all that is visible is synced before anything further is
shown or taken away, and at the end. Hidden stages, and `runs/` of trainings, no consumer reads: they are
judged when they are shown.
"""

import re
from pathlib import Path
from typing import Final

from tests.torture.disk import make_template
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome, control
from tests.torture.system_calls import traced
from tests.torture.trial import ACTS, NAIVE, Trial

_STAGED: Final = re.compile(r"/\.stage-")
_NOT_OURS: Final = re.compile(
    r"^[^/]| \(deleted\)$|/\.lock$|/tensorboard/|events\.out|/\.(operations|met|strace)$"
)


def unsafe(operations: list[Operation]) -> list[str]:
    """List what a power cut could undo or show half: not synced before it is relied on, or never."""
    found = []
    data: set[str] = set()  # files whose content the disk may not have
    names: set[str] = set()  # paths whose folder on the disk may not have them
    for operation in operations:
        kind, path, target = operation.kind, operation.path, operation.target
        if kind in ("create", "write"):
            data.add(path)
        if kind in ("create", "mkdir", "symlink"):
            names.add(path)
        if kind == "fsync":
            data.discard(path)
            names = {each for each in names if _parent(each) != path}
        if kind == "rename" and not _STAGED.search(target):
            found += [
                f"{path} is shown before the disk has {each}"
                for each in sorted(data | names)
                if each.startswith(f"{path}/") or (each == path and each in data)
            ]
        if kind in ("rename", "unlink") and (_visible(path) or (target and _visible(target))):
            found += [
                f"{kind} of {path} before the disk has {each}"
                for each in _exposed(data | names)
                if not _is_or_is_below(each, path) and each != target
            ]
        if kind in ("rename", "unlink"):
            data, names = _moved(data, path, target), _moved(names, path, target)
        if kind == "rename":
            names.add(target)
    return found + [f"at the end the disk may not have {each}" for each in _exposed(data | names)]


def _exposed(paths: set[str]) -> list[str]:
    return sorted(filter(_visible, paths))


def _visible(path: str) -> bool:
    return not _STAGED.search(path) and "/runs/" not in path


def _moved(paths: set[str], path: str, target: str) -> set[str]:
    """Follow a rename; forget what was replaced, or what was unlinked, where `target` is empty."""
    staying = {each for each in paths if not _is_or_is_below(each, path) and each != target}
    moved = {target + each.removeprefix(path) for each in paths if _is_or_is_below(each, path)}
    return staying | moved if target else staying


def torture(folder: Path) -> list[Outcome]:
    """Judge the system calls of each act; those of a naive writer must be found unsafe."""
    template, extract = make_template(folder)
    outcomes = []
    for act in (*ACTS, NAIVE):
        trial = Trial(template, act, extract)
        outcome = Outcome(f"{act}: system calls, their order judged for power cuts")
        night = trial.copy(folder / "traced")
        for operations in outcome.over([of_ours(traced(trial, night.home))], show=False):
            outcome.violations += unsafe(operations)
        outcome.trials = len(operations)
        outcomes.append(control("the order of a naive writer's calls", outcome) if act == NAIVE else outcome)
    return outcomes


def of_ours(operations: list[Operation]) -> list[Operation]:
    """Leave out what need not survive: unnamed files, locks, logs of TensorBoard, and this harness's own."""
    return [each for each in operations if not _NOT_OURS.search(each.path)]


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _is_or_is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
