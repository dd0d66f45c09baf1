"""Run a piece of a night in a process of its own and judge what it leaves behind."""

import json
import multiprocessing
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
from tasks.core import publishing
from tests.harness.customers import make_customers
from tests.harness.home import Home
from tests.harness.killing import NIGHT, Night, publish_naively
from tests.torture.faulty_disk import Fault, FaultyDisk, Operation

KILLED: Final = -9
CRASHED: Final = 1
CHALLENGER: Final = ".challenger"
LABELLED: Final = ".labelled.csv"
OPERATIONS: Final = ".operations"
"""Files of a template: the id of the bundle to be promoted, customers to learn from; what was done."""


@dataclass(frozen=True)
class Trial:
    """A `template` home and what is tried in copies of it, by the name of an `act`."""

    template: Path
    act: str
    extract: Path

    def copy(self, path: Path) -> Night:
        """Copy the template to be tried."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.template, path)
        return Night(path, self.extract)

    def start(self, home: Path, fault: Fault | None = None, at: int = 0) -> BaseProcess:
        """Begin to act in a home, in a process forked from a server that has imported everything."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        process = context.Process(target=act_on_faulty_disk, args=(self.act, home, fault, at))
        process.start()
        return process

    def run(self, home: Path, fault: Fault | None = None, at: int = 0) -> int:
        """Act to the end; give the exit code (-9 where killed, 1 where an error is none of ours)."""
        process = self.start(home, fault, at)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def operations(self, home: Path) -> list[Operation]:
        """List the operations of an undisturbed run, which is done."""
        assert self.run(home) == 0
        return [Operation(*json.loads(line)) for line in (home / OPERATIONS).read_text().splitlines()]


def _score(home: Home) -> State[Any]:
    return home.score()


def _score_naively(home: Home) -> State[Any]:
    with patch.object(publishing, "publish", publish_naively):
        return home.score()


def _promote(home: Home) -> State[Any]:
    return home.promote(bundle=(home.path / CHALLENGER).read_text())


def _train(home: Home) -> State[Any]:
    return home.train(home.path / LABELLED, NIGHT.model_copy(update={"split": SplitConfig(seed=5)}))


_ACTS: Final[dict[str, Callable[[Home], State[Any]]]] = {
    "score": _score,
    "promote": _promote,
    "train": _train,
    "score-naively": _score_naively,
}
ACTS: Final = ("score", "promote", "train")
"""What is tried; `score-naively` publishes file after file, and must be caught by every trial that can."""


def act_on_faulty_disk(act: str, home: Path, fault: Fault | None, at: int) -> None:
    """Be the process of a flow, and leave as one does."""
    os.environ["CHURN_HOME"] = str(home)
    disk = FaultyDisk(home, fault, at)

    def main() -> State[Any]:
        with disk:
            state = _ACTS[act](Home(home))
        if fault is None:
            (home / OPERATIONS).write_text(
                "".join(f"{json.dumps(astuple(each))}\n" for each in disk.operations)
            )
        return state

    cli.run(main)


def make_extract(path: Path, rows: int) -> Path:
    """Write customers with a bad row, a repeated one and one that contradicts another."""
    table = make_customers(rows)
    table.loc[3, "tenure"] = -1
    table.loc[7] = table.loc[5]
    table.loc[9, "customerID"] = table.loc[8, "customerID"]
    table.to_csv(path, index=False)
    return path
