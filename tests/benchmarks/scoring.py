"""Race the scoring engine against the usual ways to score a CSV file: `python -m tests.benchmarks.scoring`.

Makes the extracts, fits the models, and runs every contender in a process of its own, in turn, several
rounds; then runs the engine on every kind of extract. Seconds are the machine's; the ratios carry over to
others.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tasks.core.storage.atomic import make_folder
from tests.benchmarks.contenders import CONTENDERS, PEAK
from tests.benchmarks.default_bundle import fit_bundle, training_extract
from tests.benchmarks.extract_kinds import kinds_of
from tests.benchmarks.extracts import Origin, extract_of
from tests.benchmarks.pipelines import BUNDLE, PEERS, fit_peers
from tests.benchmarks.scoring_report import ENGINE, Lap, Results, kinds_table, table, write_report
from tests.benchmarks.stages import measure_both

ROOT = Path(__file__).parents[2]
TOO_LARGE = 5_000_000
"""Customers above which only the contenders that stream take part: the others fill the memory."""
STREAMING = ("engine", "pyarrow", "inferring", "polars")
STAGES_ROWS = 5_000_000
"""Customers whose cost is taken apart, or as many as in the largest race if that is smaller."""
KINDS_ROWS = 1_000_000
"""Customers in every kind of extract, or as many as in the largest race if that is smaller."""


def fit_models(origin: Origin, folder: Path) -> Path:
    """Fit what is not there yet on an origin's labelled extract; return the folder of all models."""
    models = make_folder(folder / "models")
    training = training_extract(origin, folder)
    fit_bundle(training, models)
    if not (models / PEERS).exists():
        print("fitting the peers", flush=True)
        aside = models / "peers-aside"
        shutil.rmtree(aside, ignore_errors=True)
        fit_peers(training, make_folder(aside))
        aside.rename(models / PEERS)
    return models


def run(contender: str, extract: Path, models: Path, out: Path) -> tuple[float, float, float]:
    """Run one contender in a process of its own; return wall seconds, processor seconds and peak MB."""
    shutil.rmtree(out, ignore_errors=True)
    make_folder(out)
    started = time.perf_counter()
    program = (sys.executable, "-m", "tests.benchmarks.contenders")
    process = subprocess.Popen([*program, contender, extract, models, out])
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{contender} failed on {extract}")
    return wall, usage.ru_utime + usage.ru_stime, int((out / PEAK).read_text()) / 1024


def race(origin: Origin, folder: Path, models: Path, sizes: list[int], rounds: int) -> list[Lap]:
    """Run all contenders on each size, in turn."""
    laps = []
    for customers in sizes:
        extract = extract_of(origin, folder, customers)
        names = [name for name in CONTENDERS if customers <= TOO_LARGE or name.startswith(STREAMING)]
        for number in range(1, rounds + 1):
            for name in names:
                laps.append(Lap(name, customers, *run(name, extract, models, folder / "out")))
                _show(f"{number}/{rounds}", laps[-1])
        print(table(laps, customers), flush=True)
    return laps


def run_kinds(origins: list[Origin], parent: Path, models: Path, rows: int, rounds: int) -> list[Lap]:
    """Run the engine on every kind of extract, in turn."""
    extracts = {
        f"{kind}, {origin.name}": path
        for origin in origins
        for kind, path in kinds_of(origin, origin.folder(parent), rows).items()
    }
    laps = []
    for number in range(1, rounds + 1):
        for name, path in extracts.items():
            laps.append(Lap(name, rows, *run(ENGINE, path, models, parent / "out")))
            _show(f"{number}/{rounds}", laps[-1])
    print(kinds_table(laps), flush=True)
    return laps


def _show(number: str, lap: Lap) -> None:
    print(f"{number} {lap.customers:,} {lap.name}: {lap.wall:.1f} s, {lap.peak_mb:.0f} MB", flush=True)


def main() -> None:
    """Prepare, race, run the kinds, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", default="1,5,10", help="sizes of the extracts (default: 1,5,10)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turn (default: 3)")
    parser.add_argument(
        "--extract", type=Path, help="real extract to draw customers from and fit on (default: simulated)"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var" / "benchmarks" / "scoring", help="work folder"
    )
    parser.add_argument(
        "--report", type=Path, help="folder of scoring.md and its plot; printed only without it"
    )
    flags = parser.parse_args()
    sizes = sorted({round(float(each) * 1_000_000) for each in flags.millions.split(",")})
    origin = Origin(flags.extract)
    folder = origin.folder(flags.out)
    models = fit_models(origin, folder)
    laps = race(origin, folder, models, sizes, flags.rounds)
    origins = [Origin(None), *([origin] if origin.real is not None else [])]
    kinds = run_kinds(origins, flags.out, models, min(KINDS_ROWS, max(sizes)), flags.rounds)
    staged = extract_of(origin, folder, min(sizes[-1], STAGES_ROWS))
    stages = measure_both(staged, models / BUNDLE, make_folder(flags.out / "stages"))
    results = Results(laps, kinds, stages, sizes, flags.rounds, origin.name)
    (flags.out / "laps.json").write_text(json.dumps(asdict(results), indent=1))
    if flags.report:
        write_report(results, flags.report)


if __name__ == "__main__":
    main()
