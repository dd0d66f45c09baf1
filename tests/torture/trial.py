"""Run a part of a night in a separate process, and judge what it leaves behind."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import astuple, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from prefect.client.schemas.objects import State

from flows import cli
from schemas.config import SplitConfig
from tasks.core.bundle import registry
from tasks.core.engine import stream
from tasks.core.extract.text.blocks import BLOCK_BYTES
from tasks.core.jobs import scoring_job
from tasks.core.storage import spill
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.killing import ended, forked
from tests.harness.night import NIGHT, Night, publish_naively
from tests.torture.broken import replace_in_place
from tests.torture.faulty_disk import Fault, FaultyDisk, Operation

CRASHED: Final = 1
CHALLENGER: Final = ".challenger"
LABELLED: Final = ".labelled.csv"
OPERATIONS: Final = ".operations"
"""Files of a template: the id of the bundle to promote, customers to train on, and what was done."""


@dataclass(frozen=True)
class Trial:
    """A `template` home, and the `act`, by name, to run in copies of it."""

    template: Path
    act: str
    extract: Path

    def copy(self, path: Path) -> Night:
        """Copy the template for a trial."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.template, path)
        return Night(path, self.extract, carried=self.act == CARRIED)

    def start(self, home: Path, fault: Fault | None = None, at: int = 0) -> BaseProcess:
        """Start the act in a home, in a separate process."""
        return forked(act_on_faulty_disk, self.act, home, self.extract.stat().st_size, fault, at)

    def run(self, home: Path, fault: Fault | None = None, at: int = 0) -> int:
        """Act to the end; give the exit code (1 where an error is not one of ours)."""
        return ended(self.start(home, fault, at))

    def rerun(self, night: Night, expected: dict[str, bytes]) -> list[str]:
        """Act again, undisturbed; return how the end differs from that of an undisturbed act."""
        code = self.run(night.home)
        found = [f"the rerun's exit code is {code}"] if code else []
        return [*found, *night.faults(expected)]

    def operations(self, home: Path) -> list[Operation]:
        """Run undisturbed; list the operations."""
        assert self.run(home) == 0
        return [Operation(*json.loads(line)) for line in (home / OPERATIONS).read_text().splitlines()]


def _score(home: FlowHome) -> State[Any]:
    return home.score()


def _score_naively(home: FlowHome) -> State[Any]:
    with patch.object(scoring_job, "publish_folder", publish_naively):
        return home.score()


def _score_carried(home: FlowHome) -> State[Any]:
    with patch.object(os, "rename", _out_of_inbox_is_across(os.rename)):
        return home.score()


def _out_of_inbox_is_across(rename: Callable[..., None]) -> Callable[..., None]:
    def renaming(path: Any, target: Any, **kwargs: Any) -> None:
        if Path(path).parent.name == "inbox" != Path(target).parent.name:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(path, target, **kwargs)

    return renaming


def _promote(home: FlowHome) -> State[Any]:
    return home.promote(bundle=(home.path / CHALLENGER).read_text())


def _promote_in_place(home: FlowHome) -> State[Any]:
    with patch.object(registry, "replace_file", replace_in_place):
        return _promote(home)


def _without_lock(act: Callable[[FlowHome], State[Any]]) -> Callable[[FlowHome], State[Any]]:
    def acting(home: FlowHome) -> State[Any]:
        with patch.object(fcntl, "flock"):
            return act(home)

    return acting


def _train(home: FlowHome) -> State[Any]:
    return home.train(home.path / LABELLED, NIGHT.model_copy(update={"split": SplitConfig(seed=5)}))


CARRIED: Final = "score-carried"
"""Its inbox is on another file system, so that the extract is carried to `work/`, not renamed."""
ACTS: Final = ("score", CARRIED, "promote", "train")
"""What is tried."""
NAIVE: Final = "score-naively"
"""Publishes file after file, and must be caught by every trial that can."""
IN_PLACE: Final = "promote-in-place"
"""Writes the registry where it is read, and must be caught by kills."""
UNLOCKED: Final = ("score-unlocked", "promote-unlocked")
"""Nobody waits for a lock, which races must catch."""

_ACTS: Final[dict[str, Callable[[FlowHome], State[Any]]]] = {
    "score": _score,
    CARRIED: _score_carried,
    "promote": _promote,
    "train": _train,
    NAIVE: _score_naively,
    IN_PLACE: _promote_in_place,
    **{name: _without_lock(act) for name, act in zip(UNLOCKED, (_score, _promote), strict=True)},
}


def act_on_faulty_disk(
    act: str, home: Path, extract_bytes: int, fault: Fault | None = None, at: int = 0
) -> None:
    """Act as the process of a flow, with its exit code.

    Blocks and spills are made small for a small extract, so that it too has several, and spills.
    """
    os.environ["CHURN_HOME"] = str(home)
    disk = FaultyDisk(home, fault, at)
    stream.score_stream.__kwdefaults__["block_bytes"] = min(BLOCK_BYTES, extract_bytes // 5)
    spill._SPILL_IN_MEMORY = min(spill._SPILL_IN_MEMORY, extract_bytes // 300)

    def main() -> State[Any]:
        with disk:
            state = _ACTS[act](FlowHome(home))
        if fault is None:
            (home / OPERATIONS).write_text(
                "".join(f"{json.dumps(astuple(each))}\n" for each in disk.operations)
            )
        return state

    cli.run(main)


def make_extract(path: Path, rows: int) -> Path:
    """Write customers with a bad row, a duplicate and a conflict."""
    table = make_customers(rows)
    table.loc[3, "tenure"] = -1
    table.loc[7] = table.loc[5]
    table.loc[9, "customerID"] = table.loc[8, "customerID"]
    table.to_csv(path, index=False)
    return path
