"""A sample of `make torture`, small enough for every run of the suite; each with what it must catch."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core.extract.reading import Extract
from tests.torture import damage, disk, fuzz, kills, power
from tests.torture.faulty_disk import Operation
from tests.torture.outcome import Outcome
from tests.torture.trial import Trial

SEED = 20_261


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a home with a champion, a challenger and an extract that waits."""
    return disk.make_template(tmp_path_factory.mktemp("torture"))


@pytest.mark.parametrize("act", ["score", "promote"])
def test_a_faulty_disk(act: str, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Whatever operation fails, and however: old state or new, a declared error, and one rerun ends well."""
    home, extract = template

    outcome = disk.try_all(Trial(home, act, extract), tmp_path, 3, SEED, show=False)

    assert outcome.trials == 15
    assert outcome.violations == []


def test_a_naive_writer_is_caught(template: tuple[Path, Path], tmp_path: Path) -> None:
    """Scores that are published file after file are seen half-done."""
    home, extract = template

    assert disk.try_all(Trial(home, "score-naively", extract), tmp_path, 3, SEED, show=False).violations


@pytest.mark.parametrize("act", ["score", "promote"])
def test_the_order_of_syncs(act: str, template: tuple[Path, Path], tmp_path: Path) -> None:
    """Nothing is shown before the disk has it; without the syncs the same operations are found unsafe."""
    home, extract = template
    trial = Trial(home, act, extract)
    operations = power.of_ours(trial.operations(trial.copy(tmp_path / "home").home))

    assert power.unsafe(operations) == []
    assert power.unsafe([each for each in operations if each.kind != "fsync"])


def test_a_forgotten_folder_is_caught() -> None:
    """A rename that is not synced before the extract goes away is found unsafe."""
    shown = [Operation("create", "/a/x"), Operation("fsync", "/a/x"), Operation("fsync", "/a")]

    assert power.unsafe([*shown, Operation("rename", "/a/x", "/b/x"), Operation("unlink", "/inbox/x")])
    assert not power.unsafe(
        [
            *shown,
            Operation("rename", "/a/x", "/b/x"),
            Operation("fsync", "/b"),
            Operation("unlink", "/inbox/x"),
        ]
    )


def test_processes_at_once(tmp_path: Path) -> None:
    """Eight nights, and eight promotions, end as one does."""
    assert [outcome.violations for outcome in kills.race(tmp_path, 1)] == [[], []]


@pytest.mark.parametrize("ordeal", [damage.attack, damage.cut])
def test_a_damaged_extract(ordeal: Callable[..., list[Outcome]]) -> None:
    """A mark more or less, or a cut anywhere, never loses or changes another customer's line."""
    (outcome,) = ordeal(sample=40, seed=SEED)

    assert outcome.violations == []


def test_a_reader_that_swallows_lines_is_caught() -> None:
    """A reader that lets a quote run over line ends, or drops the last line, does not pass."""

    def swallowing(data: bytes) -> Extract:
        return damage.read(data.rsplit(b"\n", 2)[0] if data.count(b'"') else data)

    (outcome,) = damage.attack(swallowing, sample=40, seed=SEED)

    assert outcome.violations


def test_flipped_bits(tmp_path: Path) -> None:
    """Every flipped bit of a bundle is found."""
    (outcome,) = damage.flip(tmp_path, 50, seed=SEED)

    assert (outcome.trials, outcome.violations) == (50, [])


@pytest.mark.parametrize(("name", "runs"), [("extract", 100), ("spec", 300), ("bundle", 60)])
def test_mutated_inputs(name: str, runs: int, template: tuple[Path, Path], tmp_path: Path) -> None:
    """The readers raise what they declare, and nothing else."""
    bundle = next((template[0] / "registry" / "bundles").glob("[!.]*"))
    copy = Path(shutil.copytree(bundle, tmp_path / bundle.name))

    outcome = fuzz.fuzz(name, fuzz.target_of(name, copy), fuzz.seeds(name, copy), runs, seed=SEED)

    assert outcome.violations == []


def test_an_undeclared_error_is_caught() -> None:
    """A reader that trips over a NUL does not pass."""

    def tripping(data: bytes) -> None:
        data.decode("ascii")

    assert fuzz.fuzz("tripping", tripping, [b"a,b\n"], 100, seed=SEED).violations
