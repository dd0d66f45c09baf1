"""A sample of `make torture`, small enough for every run of the suite, with its controls."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from tasks.core.bundle.registry import open_champion
from tests.harness.killing import KILLED
from tests.torture import damage, disk, fuzz, power
from tests.torture.broken import open_without_digests, read_by_pandas
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome
from tests.torture.trial import CARRIED, NAIVE, Trial

SEED = 20_261


@pytest.mark.parametrize(("act", "trials"), [("score", 15), ("promote", 13)])
def test_a_faulty_disk(act: str, trials: int, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Whatever operation fails, and however: old state or new, a declared error, and one rerun ends well.

    A promotion writes two files, and so can meet a torn and a short write at two points only.
    """
    home, extract = template

    outcome = disk.try_all(Trial(home, act, extract), tmp_path, 3, SEED, show=False)

    assert (outcome.trials, outcome.violations) == (trials, [])


def test_a_fault_that_is_not_met_is_no_trial(template: tuple[Path, Path], tmp_path: Path) -> None:
    """A disk that never fails is reported, and its trials do not count."""
    home, extract = template

    with patch.object(disk, "can_meet", lambda *_: True), patch.object(disk, "FAULTS", ("torn",)):
        outcome = disk.try_all(Trial(home, "promote", extract), tmp_path, 3, SEED, show=False)

    assert outcome.trials == 0
    assert [each for each in outcome.violations if each.endswith("the fault was not met")]


def test_a_disk_that_fills_up_is_met_in_spills_and_between_blocks(
    template: tuple[Path, Path], tmp_path: Path
) -> None:
    """The sample extract is several blocks, and what is remembered of it does not fit in memory."""
    home, extract = template
    trial = Trial(home, "score", extract)
    operations = trial.operations(trial.copy(tmp_path / "home").home)
    writes = [each.path for each in operations if each.kind == "write"]

    assert len([path for path in writes if path.endswith("/scores.csv")]) > 3
    assert len([path for path in writes if path.endswith(" (deleted)")]) > 3


def test_an_extract_is_carried_by_copy_and_deletion(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Killed between the two, it is in both folders, whole; the next run scores it once."""
    home, extract = template
    trial = Trial(home, CARRIED, extract)
    operations = trial.operations(trial.copy(tmp_path / "home").home)
    (deletion,) = (
        at
        for at, each in enumerate(operations)
        if each.kind == "unlink" and each.path.endswith(f"/inbox/{extract.name}")
    )

    with patch.object(disk, "FAULTS", ("kill",)), patch.object(disk, "drawn", lambda *_: [deletion]):
        outcome = disk.try_all(trial, tmp_path, None, SEED, show=False)

    assert (outcome.trials, outcome.violations) == (1, [])


def test_a_naive_writer_is_caught(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Scores that are published file after file are seen half-done."""
    home, extract = template
    trial = Trial(home, NAIVE, extract)
    operations = trial.operations(trial.copy(tmp_path / "home").home)
    shown = [at for at, each in enumerate(operations) if "/scores/2026-" in each.path]

    with patch.object(disk, "FAULTS", ("kill",)), patch.object(disk, "drawn", lambda *_: shown[1:6]):
        outcome = disk.try_all(trial, tmp_path, None, SEED, show=False)

    assert outcome.trials == 5
    assert outcome.violations


HARMLESS = {
    "score": {"work": 2, "scores": 2, "archive": 1},
    "score-carried": {"work": 3, "scores": 2, "archive": 1},
    "promote": {"registry": 1},
}
"""How many syncs of what a power cut would not miss, by act, scores.csv aside: it is synced while it is
written, as often as there is time for, and of an extract with repeats a shorter copy replaces it; a sweep
syncs what a killed run may have renamed last; a move syncs its folder once more at the end."""


@pytest.mark.parametrize("act", HARMLESS)
def test_the_order_of_syncs(act: str, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Nothing is shown before the disk has it; without any one of the syncs that is not so."""
    home, extract = template
    trial = Trial(home, act, extract)
    operations = power.of_ours(trial.operations(trial.copy(tmp_path / "home").home))
    syncs = [at for at, each in enumerate(operations) if each.kind == "fsync"]

    unseen = [at for at in syncs if not power.unsafe([*operations[:at], *operations[at + 1 :]])]

    assert power.unsafe(operations) == []
    harmless = Counter(Path(operations[at].path).name for at in unseen)
    del harmless["scores.csv"]
    assert harmless == HARMLESS[act]


def test_a_folder_that_a_killed_run_made_is_synced_by_the_next(
    template: tuple[Path, Path], tmp_path: Path
) -> None:
    """Killed between making a folder and syncing its name, a run leaves one that the next run syncs."""
    home, extract = template
    trial = Trial(home, "score", extract)
    operations = trial.operations(trial.copy(tmp_path / "home").home)
    made = [at for at, each in enumerate(operations) if each.kind == "mkdir" and "/.stage-" not in each.path]
    assert [Path(operations[at].path).name for at in made] == ["work", "scores", "archive"]

    for at in made:
        synced = next(i for i in range(at, len(operations)) if operations[i].kind == "fsync")
        night = trial.copy(tmp_path / "home")
        assert trial.run(night.home, "kill", synced) == KILLED
        assert power.unsafe(power.of_ours([*operations[:synced], *trial.operations(night.home)])) == []


def test_what_a_killed_run_renamed_is_synced_by_the_next(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Killed between moving the champion pointer and syncing that, a promotion is finished by the next."""
    home, extract = template
    trial = Trial(home, "promote", extract)
    operations = trial.operations(trial.copy(tmp_path / "home").home)
    moved = next(at for at, each in enumerate(operations) if each.target.endswith("/champion.json"))
    synced = next(i for i in range(moved, len(operations)) if operations[i].kind == "fsync")

    night = trial.copy(tmp_path / "home")
    assert trial.run(night.home, "kill", synced) == KILLED

    assert power.unsafe(power.of_ours(operations[:synced]))
    assert power.unsafe(power.of_ours([*operations[:synced], *trial.operations(night.home)])) == []


def test_a_writer_without_syncs_is_unsafe(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Files written in place and never synced are found before anything that follows, and at the end."""
    home, extract = template
    trial = Trial(home, NAIVE, extract)
    operations = power.of_ours(trial.operations(trial.copy(tmp_path / "home").home))

    found = power.unsafe(operations)

    for name in ("scores.csv", "quarantine.csv", "manifest.json"):
        assert [each for each in found if each.startswith("at the end") and each.endswith(name)]
        assert [each for each in found if each.startswith("rename of") and each.endswith(name)]


_WRITTEN = [Operation("create", "/.stage-a/x"), Operation("write", "/.stage-a/x")]
_SYNCED = [*_WRITTEN, Operation("fsync", "/.stage-a/x"), Operation("fsync", "/.stage-a")]
_SHOWN = [*_SYNCED, Operation("rename", "/.stage-a", "/b/a")]


@pytest.mark.parametrize(
    "operations",
    [
        [*_WRITTEN, Operation("fsync", "/.stage-a"), Operation("rename", "/.stage-a", "/b/a")],
        [*_WRITTEN, Operation("fsync", "/.stage-a/x"), Operation("rename", "/.stage-a", "/b/a")],
        _SHOWN,
        [*_SHOWN, Operation("unlink", "/inbox/x"), Operation("fsync", "/b")],
        [*_SHOWN, Operation("rename", "/b/.stage-c", "/b/c"), Operation("fsync", "/b")],
        [Operation("create", "/b/x"), Operation("fsync", "/b"), Operation("unlink", "/inbox/x")],
        [Operation("create", "/b/x"), Operation("fsync", "/b/x")],
        [Operation("mkdir", "/b"), Operation("fsync", "/b")],
    ],
    ids=["data", "names", "end", "input", "same-folder", "in-place", "in-place-name", "folder"],
)
def test_a_forgotten_sync_is_caught(operations: list[Operation]) -> None:
    """Anything relied on before it is synced is found."""
    assert power.unsafe(operations)


def test_a_whole_order_is_safe() -> None:
    """Data, names, rename, folder, and only then the input: nothing is found."""
    assert power.unsafe([*_SHOWN, Operation("fsync", "/b"), Operation("unlink", "/inbox/x")]) == []


def test_a_file_that_others_may_read_is_caught(template: tuple[Path, Path], tmp_path: Path) -> None:
    """What is in the registry is for its owner only; anything else is a violation."""
    night = Trial(template[0], "promote", template[1]).copy(tmp_path / "home")
    assert night.violations() == []

    (night.home / "registry" / "champion.json").chmod(0o640)

    assert night.violations() == ["champion.json is open to others"]


@pytest.mark.parametrize(("torture", "sample"), [(damage.attack, 40), (damage.cut, 20)])
def test_a_damaged_extract(torture: Callable[..., list[Outcome]], sample: int) -> None:
    """An added or missing mark, or a cut anywhere, never loses or changes another customer's line."""
    outcomes = torture(sample=sample, seed=SEED)

    assert [outcome.violations for outcome in outcomes] == [[] for _ in outcomes]


def test_a_reader_that_fills_up_short_lines_is_caught() -> None:
    """A reader that accepts a truncated customer does not pass."""
    with patch.object(damage, "drawn", lambda sizes, *_: sizes[-12:]):
        with_outcome, _ = damage.cut(read_by_pandas)

    assert [each for each in with_outcome.violations if each.endswith("1 customers changed")]


def test_a_reader_that_swallows_lines_is_caught() -> None:
    """A reader that lets a quote run over line ends does not pass."""
    (outcome,) = damage.attack(read_by_pandas, sample=20, seed=SEED)

    assert [each for each in outcome.violations if each.endswith("49 lines counted of 50")]


@pytest.mark.parametrize("opening", [open_champion, open_without_digests])
def test_flipped_bits(opening: damage.Opening, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Every flipped bit of a bundle is found, unless its digests are not checked."""
    outcome = damage.flip(template[0], tmp_path, 50, opening, seed=SEED)

    assert outcome.trials == 50
    assert bool(outcome.violations) == (opening is open_without_digests)


@pytest.mark.parametrize(("name", "runs"), [("extract", 100), ("spec", 300), ("bundle", 60)])
def test_mutated_inputs(name: str, runs: int, template: tuple[Path, Path], tmp_path: Path) -> None:
    """The readers raise what they declare, and nothing else."""
    bundle = next((template[0] / "registry" / "bundles").glob("[!.]*"))
    copy = Path(shutil.copytree(bundle, tmp_path / bundle.name))

    outcome = fuzz.fuzz(name, fuzz.target_of(name, copy), fuzz.seeds(name, copy), runs, seed=SEED)

    assert outcome.violations == []


def test_an_undeclared_error_is_caught() -> None:
    """A reader that trips over a byte above 127 does not pass."""
    inputs = [b"a,b\n"]

    assert fuzz.fuzz(fuzz.TRIPPING, fuzz.tripping_target, inputs, 100, seed=SEED).violations
