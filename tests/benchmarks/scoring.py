"""Race the scoring engine against the usual ways to score a CSV file: `python -m tests.benchmarks.scoring`.

Simulates the extracts, fits the models on simulated customers, and runs every contender in a process
of its own, in turn, several rounds. Seconds are the machine's; the ratios carry over to others.
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

from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.simulator.bad_rows import Fault
from tasks.core.simulator.extract_writer import write_extract
from tasks.core.storage.atomic import make_folder
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import split_customers
from tasks.core.training.export.staging import stage_bundle
from tasks.core.training.network.ensemble import train_network
from tests.benchmarks.contenders import CONTENDERS, PEAK, fit_peers
from tests.benchmarks.scoring_report import Lap, table, write_report

ROOT = Path(__file__).parents[2]
BUNDLES = {"default": FitConfig(), "single": FitConfig(members=1, hidden=(128, 64), learning_rate=1e-3)}
PLANTED_SHARE = 0.001
UNREADABLE = (Fault.STRAY_QUOTE, Fault.SHORT_ROW, Fault.LONG_ROW, Fault.CONTROL_CHARACTER, Fault.INVALID_UTF8)
"""Faults of whole lines, at which the other contenders' readers stop or lose rows."""
TOO_LARGE = 5_000_000
"""Customers above which only the contenders that stream take part: the others fill the memory."""
STREAMING = ("engine", "pyarrow", "inferring", "polars")


def prepare(folder: Path, sizes: list[int]) -> None:
    """Make what is not there yet: extracts, bundles, peers."""
    make_folder(folder)
    for customers in sizes:
        path = folder / f"extract-{customers}.csv"
        if not path.exists():
            print(f"simulating {customers:,} customers", flush=True)
            kinds = [fault for fault in Fault if fault not in UNREADABLE]
            faults = [kinds[i % len(kinds)] for i in range(int(customers * PLANTED_SHARE))]
            write_extract(path, rows=customers, seed=1, faults=faults, labelled=False)
    models = folder / "models"
    if models.exists():
        return
    print("fitting the models", flush=True)
    aside = make_folder(folder / "models-aside")
    write_extract(aside / "training.csv", rows=7_043, seed=0)
    training = aside / "training.csv"
    parts = split_customers(
        read_extract(training.read_bytes(), training.name, "training", IngestConfig()).customers,
        SplitConfig(),
    )
    for name, fit in BUNDLES.items():
        spec = fit_spec(parts.training, EncodingConfig())
        network = train_network(parts, spec, fit, checkpoints=aside / "checkpoints" / name)
        stage_bundle(make_folder(aside / name), network=network, spec=spec)
    fit_peers(training, aside)
    aside.rename(models)


def run(contender: str, customers: int, folder: Path) -> Lap:
    """Run one contender in a process of its own."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    make_folder(out)
    extract = folder / f"extract-{customers}.csv"
    started = time.perf_counter()
    program = (sys.executable, "-m", "tests.benchmarks.contenders")
    process = subprocess.Popen([*program, contender, extract, folder / "models", out])
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{contender} failed on {customers:,} customers")
    return Lap(
        contender, customers, wall, usage.ru_utime + usage.ru_stime, int((out / PEAK).read_text()) / 1024
    )


def main() -> None:
    """Prepare, race, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", default="1,5,10", help="sizes of the extracts (default: 1,5,10)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turn (default: 3)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var" / "benchmarks" / "scoring", help="work folder"
    )
    parser.add_argument(
        "--report", type=Path, help="folder of scoring.md and its plot; printed only without it"
    )
    flags = parser.parse_args()
    sizes = [round(float(each) * 1_000_000) for each in flags.millions.split(",")]
    prepare(flags.out, sizes)
    laps: list[Lap] = []
    for customers in sizes:
        names = [name for name in CONTENDERS if customers <= TOO_LARGE or name.startswith(STREAMING)]
        for number in range(1, flags.rounds + 1):
            for name in names:
                lap = run(name, customers, flags.out)
                laps.append(lap)
                print(
                    f"{number}/{flags.rounds} {customers:,} {name}: {lap.wall:.1f} s, {lap.peak_mb:.0f} MB",
                    flush=True,
                )
        print(table(laps, customers), flush=True)
    (flags.out / "laps.json").write_text(json.dumps([asdict(lap) for lap in laps], indent=1))
    if flags.report:
        write_report(laps, sizes, flags.rounds, PLANTED_SHARE, flags.report)


if __name__ == "__main__":
    main()
