"""A night that can be killed at a chosen point, and what it leaves behind.

A night trains on an extract, unless that was done before, and drains the inbox. Each runs in a process of
its own.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from schemas import closed
from schemas.config import EncodingConfig, IngestConfig
from schemas.manifest import MANIFEST, ScoresManifest
from tasks.core.bundle import bundle_files, registry
from tasks.core.bundle.encoder import encode
from tasks.core.errors import ChurnError
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.intake import inbox, move_extract
from tasks.core.jobs import scoring_job
from tasks.core.scores import latest, publish
from tasks.core.steps import watched_by
from tasks.core.storage import atomic, seals
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.export import staging
from tests.harness.customers import make_customers
from tests.harness.flow_home import QUICK, FlowHome
from tests.harness.killing import StepKiller, ended, forked, kill_around

# Once, in the fork server, instead of in every night: late imports and the compiled passes.
torch.use_deterministic_algorithms(mode=False)
_WARM_UP = read_extract(
    make_customers(80).to_csv(index=False).encode(), "warm-up.csv", "scoring", IngestConfig()
)
encode(_WARM_UP.customers, fit_spec(_WARM_UP.customers, EncodingConfig()))

NIGHT = QUICK.model_copy(update={"encoding": EncodingConfig(protected_attributes=False)})
"""Without protected attributes there is no refit without them, which takes half the time of a training."""

TRAINING = {
    "steps": (
        "open-champion", "start-run", "report-audit", "ingest", "split", "search", "fit-spec", "train",
        "train-baselines", "stage", "evaluate", "gate", "register", "promote", "report-training",
    ),
    "writes": (
        "checkpoint", "stage-files", "seal-manifest", "seal-reveal", "swap-pointer", "append-history",
    ),
}  # fmt: skip
SCORING = {
    "steps": (
        "take-inbox", "pin-champion", "date-extract", "identify", "find-published", "score", "publish",
        "point-to-latest", "archive", "report-scoring", "check-freshness",
    ),
    "writes": (
        "write-scores", "write-quarantine", "write-manifest", "publish-reveal", "take-extract",
        "archive-extract", "mark-inbox", "swap-latest",
    ),
}  # fmt: skip
"""Every step and every kind of write of a night: it can be killed after any step, and around any write."""

TRAINED = f"after:{TRAINING['steps'][-1]}"


def points_of(half: dict[str, tuple[str, ...]]) -> list[str]:
    """List the points of a half of a night at which it can be killed."""
    writes = [f"{moment}:{write}" for write in half["writes"] for moment in ("before", "after")]
    return [*(f"after:{step}" for step in half["steps"]), *writes]


@dataclass(frozen=True)
class Night:
    """The home of a night and its start: an extract, or what a night killed at `TRAINED` left.

    Where the inbox is on another file system, an extract is `carried`: copied to `work/`, then deleted.
    """

    home: Path
    extract: Path
    trained: Path | None = None
    carried: bool = False

    def prepare(self) -> None:
        """Make a home with the extract waiting in the inbox."""
        shutil.rmtree(self.home, ignore_errors=True)
        if self.trained is not None:
            shutil.copytree(self.trained, self.home)
            return
        atomic.make_folder(self.home / "inbox")
        shutil.copy(self.extract, self.home / "inbox" / "night_2026-03-01.csv")

    def run(
        self, kill_at: str | None = None, *, after_seconds: float | None = None, naive: bool = False
    ) -> int:
        """Run the night in a separate process; return its exit code."""
        return ended(forked(_night, self, kill_at, naive), kill_after=after_seconds)

    def violations(self) -> list[str]:
        """List what a consumer could see half-written, lost or duplicated."""
        found = []
        try:
            registry.open_champion(self.home / "registry")
            registry.read_history(self.home / "registry")
        except ChurnError as error:
            found.append(f"champion: {error}")
        found += [f"bundle {path.name}: {why}" for path, why in self._broken_bundles()]
        for folder in FlowHome(self.home).published():
            try:
                manifest = ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())
                sealed = seals.seal_files(folder)
                assert sealed == manifest.files
            except (OSError, ValueError, AssertionError) as error:
                found.append(f"scores: {type(error).__name__}")
        places = (self.home / name for name in ("inbox", "work", "archive", "rejected"))
        copies = [path for place in places for path in place.glob("[!.]*")]
        in_both = self.carried and [path.parent.name for path in copies] == ["inbox", "work"]
        if [copy.read_bytes() for copy in copies] != [self.extract.read_bytes()] * (2 if in_both else 1):
            found.append(f"the extract is in {len(copies)} places or changed")
        return found + [f"{path.name} is open to others" for path in self._open_to_others()]

    def _open_to_others(self) -> Iterator[Path]:
        """List what others may read, now or if a folder above it becomes readable."""
        for name in ("scores", "registry", "rejected"):
            place = self.home / name
            for path in (place, *place.rglob("*")):
                with suppress(FileNotFoundError):
                    if path.lstat().st_mode & 0o077:
                        yield path

    def _broken_bundles(self) -> list[tuple[Path, ChurnError]]:
        broken = []
        for folder in (self.home / "registry" / "bundles").glob("[!.]*"):
            try:
                bundle_files.open_bundle(folder)
            except ChurnError as error:
                broken.append((folder, error))
        return broken

    def faults(self, expected: dict[str, bytes]) -> list[str]:
        """List violations, and report if the night did not end as expected or cannot be read."""
        found = self.violations()
        with suppress(ChurnError):
            if self.result() == expected:
                return found
        return [*found, "it ends elsewhere than an undisturbed run"]

    def result(self) -> dict[str, bytes]:
        """Return the result of a finished night: champion, scores, an empty inbox, no leftovers."""
        home = FlowHome(self.home)
        champion = home.champion
        outcome = {"champion": champion.manifest.bundle_id.encode() if champion else b""}
        for folder in home.published():
            outcome |= {
                f"{folder.name}/{name}": (folder / name).read_bytes()
                for name in ("scores.csv", "quarantine.csv")
                if (folder / name).is_file()
            }
        waiting = [path.name for name in ("inbox", "work") for path in (self.home / name).glob("[!.]*")]
        outcome["latest"] = (
            b"" if (found := latest.read_latest(self.home / "scores")) is None else found.folder.encode()
        )
        outcome["waiting"] = ",".join(waiting).encode()
        leftovers = [
            path.name for place in ("scores", "registry") for path in (self.home / place).glob(".stage*")
        ]
        outcome["leftovers"] = ",".join(leftovers).encode()
        return outcome


def _night(night: Night, kill_at: str | None, naive: bool) -> None:
    """Run as the night's process."""
    os.environ["CHURN_HOME"] = str(night.home)
    if naive:
        scoring_job.publish_folder = publish_naively
    home = FlowHome(night.home)
    with nullcontext() if kill_at is None else _killing(kill_at):
        if night.trained is None:
            home.train(night.extract, NIGHT)
        home.score()


def _killing(point: str) -> AbstractContextManager[None]:
    """Kill the process at a point: after a step, which a watcher sees, or around a write."""
    moment, _, place = point.partition(":")
    if place in TRAINING["steps"] + SCORING["steps"]:
        return watched_by(StepKiller(place))
    _arm(moment, place)
    return nullcontext()


def _arm(moment: str, place: str) -> None:
    module, name, chosen = {
        "checkpoint": (os, "replace", lambda target: "checkpoints" in target),
        "stage-files": (staging, "write_new", lambda path: path.endswith("cut_points.json")),
        "seal-manifest": (bundle_files, "write_new", lambda path: path.endswith(MANIFEST)),
        "seal-reveal": (bundle_files, "reveal", lambda _: True),
        "swap-pointer": (registry, "replace_file", lambda path: path.endswith(registry.POINTER)),
        "append-history": (registry, "replace_file", lambda path: path.endswith(registry.HISTORY)),
        "write-scores": (scoring_job, "score_stream", lambda _: True),
        "write-quarantine": (scoring_job, "write_quarantine", lambda _: True),
        "write-manifest": (publish, "write_new", lambda path: path.endswith(MANIFEST)),
        "publish-reveal": (publish, "reveal", lambda _: True),
        "take-extract": (inbox, "move", lambda path: Path(path).parent.name == "inbox"),
        "mark-inbox": (inbox, "replace_file", lambda path: Path(path).parent.name == "inbox"),
        "swap-latest": (latest, "replace_file", lambda path: path.endswith(latest.LATEST)),
        "archive-extract": (move_extract, "move", lambda path: Path(path).parent.name == "work"),
    }[place]
    kill_around(module, name, moment, lambda first, *_: chosen(str(first)))


def publish_naively(stage: Path, scores: Path, manifest: ScoresManifest) -> Path:
    """Publish the wrong way: slowly, file after file, where consumers look."""
    folder = atomic.make_folder(scores / str(manifest.name))
    for file in stage.iterdir():
        time.sleep(0.1)
        (folder / file.name).write_bytes(file.read_bytes())
    publish.write_new(folder / MANIFEST, closed.to_json(manifest))
    return folder
