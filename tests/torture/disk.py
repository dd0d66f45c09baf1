"""Torture test: every disk operation of a night and of a promotion fails once, in every way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

from tests.harness.flow_home import QUICK, FlowHome
from tests.harness.killing import KILLED
from tests.torture.faulty_disk import FAULTS, MET, can_meet
from tests.torture.outcome import Outcome, drawn
from tests.torture.trial import ACTS, CHALLENGER, CRASHED, LABELLED, Trial, make_extract

CUSTOMERS: Final = 360


def make_template(folder: Path, customers: int = CUSTOMERS) -> tuple[Path, Path]:
    """Make a home with a champion, a challenger and a waiting extract; return it and the extract."""
    extract = make_extract(folder / "crm_2026-03-01.csv", customers)
    home = FlowHome(folder / "template")
    learnt = make_extract(folder / "labelled_2026-02-01.csv", rows=600)
    with patch.dict("os.environ", CHURN_HOME=str(home.path)):
        home.train(learnt, QUICK)
        first = home.champion
        home.train(learnt, QUICK.model_copy(update={"fit": QUICK.fit.model_copy(update={"seed": 7})}))
    assert first is not None
    bundles = [path.name for path in (home.registry / "bundles").glob("[!.]*")]
    champion = home.champion
    assert champion is not None
    (challenger,) = set(bundles) - {champion.manifest.bundle_id}
    (home.path / CHALLENGER).write_text(challenger)
    (home.path / LABELLED).write_bytes(learnt.read_bytes())
    inbox = home.path / "inbox"
    inbox.mkdir(mode=0o700, exist_ok=True)
    (inbox / extract.name).write_bytes(extract.read_bytes())
    return home.path, extract


TRAINING_SAMPLE: Final = 40
"""Operations a fault at which a training is tried, at most: it has hundreds, and takes seconds."""


def torture(
    folder: Path,
    acts: Sequence[str] = ACTS,
    sample: int | None = None,
    *,
    seed: int = 0,
    show: bool = False,
) -> list[Outcome]:
    """Try each act with each fault at each operation that can meet it, or at a `sample` of them a fault.

    After each: nothing half-written is visible and no extract is lost; the error, if any, is one of
    ours; and one undisturbed run ends where one does that nobody ever disturbed.
    """
    template, extract = make_template(folder)
    return [try_all(Trial(template, act, extract), folder, sample, seed, show=show) for act in acts]


def try_all(trial: Trial, folder: Path, sample: int | None, seed: int, *, show: bool) -> Outcome:
    """Try one act, each fault at a `sample` of the operations that can meet it or at all.

    Only trials whose fault was met count; one whose fault was not is a violation of the harness.
    """
    golden = trial.copy(folder / "golden")
    operations = trial.operations(golden.home)
    expected = golden.result()
    outcome = Outcome(f"{trial.act}: {len(operations)} operations on the disk, every fault each can meet")
    if trial.act == "train":
        sample = min(sample or TRAINING_SAMPLE, TRAINING_SAMPLE)
    points = [
        (fault, at)
        for number, fault in enumerate(FAULTS)
        for at in drawn(range(sum(can_meet(each, fault) for each in operations)), sample, seed + number)
    ]
    for fault, at in outcome.over(points, show=show):
        night = trial.copy(folder / "tried")
        code = trial.run(night.home, fault, at)
        found = night.violations()
        if not (night.home / MET).exists():
            outcome.trials -= 1
            found.append("the fault was not met")
        if (fault == "kill") != (code == KILLED) or code == CRASHED:
            found.append(f"exit code {code}")
        if fault == "short" and code != 0:
            found.append(f"a short write is no error, but the exit code is {code}")
        found += trial.rerun(night, expected)
        outcome.violations += [f"{fault} at {at}: {each}" for each in found]
    return outcome
