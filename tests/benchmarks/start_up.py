"""Time the whole nightly command against an empty Prefect flow: `python -m tests.benchmarks.start_up`.

Both run as a person would start them, interpreter and imports included, in turn, several rounds: first
with the temporary server that Prefect starts for a run without one, then with a running server. Seconds
are the machine's; the ratios carry over to others.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

from tasks.core.simulator.extract_writer import write_extract
from tasks.core.storage.atomic import make_folder
from tests.benchmarks.start_up_report import (
    BEFORE,
    EMPTY,
    OURS,
    RUNNING,
    TEMPORARY,
    Imported,
    Lap,
    imports,
    times,
    write_report,
)
from tests.harness.environment import PATIENCE
from tests.harness.server import serving

ROOT = Path(__file__).parents[2]
CUSTOMERS: Final = 7_043
"""As many as the reference extract has."""

NINE_TASKS: Final = """\
from prefect import flow, task


@task
def nothing():
    pass


@flow
def nine():
    for _ in range(9):
        nothing()


nine()
"""

SETTINGS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    "NO_PROXY": "127.0.0.1,localhost",
    PATIENCE: "120",  # a run counts once Prefect has taken everything that it reports
}
"""What our command sets for itself is set for the empty flow, too."""

INCOMPLETE: Final = "Prefect did not take every report"

_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)")


class Contender(NamedTuple):
    """A program, and the checkout that it runs in."""

    name: str
    program: tuple[str, ...]
    checkout: Path


def prepare(folder: Path, extract: Path | None, trainer: Path) -> tuple[Path, Path, Path]:
    """Make what is not there yet: a home with a champion, an extract, and the empty flow.

    The champion is trained in the checkout `trainer`: later versions can read it, earlier ones cannot.
    """
    folder = make_folder(folder / ("simulated" if extract is None else "given"))
    home = folder / ("home" if trainer == ROOT else "home-of-older")
    given, empty = folder / "crm_2026-03-02.csv", folder / "nine_tasks.py"
    empty.write_text(NINE_TASKS)
    if not home.exists():
        print("training a champion", flush=True)
        training = folder / "training.csv"
        if extract is None:
            write_extract(training, rows=CUSTOMERS, seed=0)
            write_extract(given, rows=CUSTOMERS, seed=1, labelled=False)
        else:
            shutil.copy(extract, training)
            shutil.copy(extract, given)
        aside = folder / "home-aside"
        shutil.rmtree(aside, ignore_errors=True)
        home_of_it = {"CHURN_HOME": str(aside), "PREFECT_HOME": str(folder / "prefect")}
        subprocess.run(
            (sys.executable, "flows/train_flow.py", "--extract", training, "--set", "evaluation.folds=0"),
            cwd=trainer,
            env=_environment(trainer) | SETTINGS | home_of_it,
            check=True,
        )
        aside.rename(home)
    return home, given, empty


def run(contender: Contender, env: dict[str, str], mode: str) -> Lap:
    """Run a contender once; a nightly run finds no scores, so that it scores everything."""
    home = Path(env["CHURN_HOME"])
    for name in ("scores", "work"):
        shutil.rmtree(home / name, ignore_errors=True)
    env = env | {"PYTHONPATH": str(contender.checkout)}
    before = os.times()
    done = subprocess.run(
        contender.program, cwd=contender.checkout, env=env, capture_output=True, text=True, check=False
    )
    after = os.times()
    if done.returncode or INCOMPLETE in done.stderr:
        raise SystemExit(f"{contender.name} failed:\n{done.stdout}\n{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Lap(contender.name, mode, after.elapsed - before.elapsed, cpu)


def race(contenders: list[Contender], env: dict[str, str], mode: str, rounds: int) -> list[Lap]:
    """Run all contenders in turn, after one round that only fills caches, backwards in every other round."""
    laps: list[Lap] = []
    for number in range(rounds + 1):
        for contender in contenders[:: 1 if number % 2 else -1]:
            lap = run(contender, env, mode)
            if number:
                laps.append(lap)
                print(f"{number}/{rounds} {mode}, {lap.contender}: {lap.wall:.2f} s", flush=True)
    return laps


def imports_of(contender: Contender, env: dict[str, str]) -> list[Imported]:
    """Import times of a run by top-level package: the medians of three runs."""
    found = defaultdict[str, list[tuple[float, float]]](list)
    python, *arguments = contender.program
    for _ in range(3):
        shutil.rmtree(Path(env["CHURN_HOME"]) / "scores", ignore_errors=True)
        done = subprocess.run(
            (python, "-X", "importtime", *arguments),
            cwd=contender.checkout,
            env=env | {"PYTHONPATH": str(contender.checkout)},
            capture_output=True,
            text=True,
            check=True,
        )
        own = defaultdict[str, float](float)
        first = defaultdict[str, float](float)
        for own_us, first_us, module in _IMPORT.findall(done.stderr):
            package, _, rest = module.partition(".")
            own[package] += int(own_us) / 1e6
            if not rest:
                first[package] = int(first_us) / 1e6
        for package, seconds in own.items():
            found[package].append((seconds, first[package]))
    return [
        Imported(
            contender.name,
            package,
            statistics.median(own for own, _ in seconds),
            statistics.median(first for _, first in seconds),
        )
        for package, seconds in found.items()
    ]


def _environment(checkout: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CHURN_"))}
    return own | {"PYTHONPATH": str(checkout)}


def main() -> None:
    """Prepare, race, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path, help="labelled extract (default: simulated customers)")
    parser.add_argument("--against", type=Path, help="an older checkout, which runs in the same rounds")
    parser.add_argument("--rounds", type=int, default=9, help="rounds in turn (default: 9)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var" / "benchmarks" / "start-up", help="work folder"
    )
    parser.add_argument("--report", type=Path, help="folder of start-up.md; printed only without it")
    flags = parser.parse_args()
    out = flags.out.absolute()
    older = flags.against.absolute() if flags.against else None
    home, extract, empty = prepare(out, flags.extract, trainer=older or ROOT)
    score = (sys.executable, "flows/score_flow.py", "--extract", str(extract))
    contenders = [Contender(EMPTY, (sys.executable, str(empty)), ROOT), Contender(OURS, score, ROOT)]
    if older:
        contenders.append(Contender(BEFORE, score, older))
    alone = _environment(ROOT) | SETTINGS | {"CHURN_HOME": str(home), "PREFECT_HOME": str(out / "prefect")}
    make_folder(out / "prefect")
    laps = race(contenders, alone, TEMPORARY, flags.rounds)
    shutil.rmtree(out / "server", ignore_errors=True)
    with serving(make_folder(out / "server")) as server:
        served = server.env_of(home) | SETTINGS
        laps += race(contenders, served, RUNNING, flags.rounds)
        imported = [each for contender in contenders[1:] for each in imports_of(contender, served)]
    (out / "laps.json").write_text(json.dumps([lap._asdict() for lap in laps], indent=1))
    print(f"{times(laps)}\n\n{imports(imported)}")
    if flags.report:
        given = f"the {CUSTOMERS:,} customers of {'EXTRACT' if flags.extract else 'a simulated extract'}"
        against = " AGAINST=older-checkout" if flags.against else ""
        command = f"make benchmark-start-up ROUNDS={flags.rounds}{against}"
        write_report(laps, imported, command=command, customers=given, folder=flags.report)


if __name__ == "__main__":
    main()
