"""Race the scoring engine against the usual ways to score a CSV file: `python tests/benchmarks/scoring.py`.

Simulates the extracts, fits the models on simulated customers, and runs every contender in a process
of its own, in turn, several rounds. Seconds are the machine's; the ratios carry over to others.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from contenders import CONTENDERS, PEAK, fit_peers

from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from tasks.core.extract.reading import read_extract
from tasks.core.files import make_folder
from tasks.core.simulator.faults import Fault
from tasks.core.simulator.writing import write_extract
from tasks.core.training.encoding import fit_spec
from tasks.core.training.network import train_network
from tasks.core.training.split import split
from tasks.core.training.staging import stage

ROOT = Path(__file__).parents[2]
ENGINE, *_ = CONTENDERS
BUNDLES = {"default": FitConfig(), "single": FitConfig(members=1, hidden=(128, 64), learning_rate=1e-3)}
PLANTED_SHARE = 0.001
UNREADABLE = (Fault.STRAY_QUOTE, Fault.SHORT_ROW, Fault.LONG_ROW, Fault.CONTROL_CHARACTER, Fault.INVALID_UTF8)
"""Faults of whole lines, at which the other contenders' readers stop or lose rows."""
TOO_LARGE = 5_000_000
"""Customers above which only the contenders that stream take part: the others fill the memory."""
STREAMING = ("engine", "pyarrow", "inferring", "polars")
LIMITS = {
    "engine, default model, reasons": "inferring only, default model, reasons",
    "engine, one network of 128-64, reasons": "inferring only, one network of 128-64, reasons",
}
"""What an engine cannot be faster than beside parsing and writing."""


@dataclass(frozen=True)
class Lap:
    """One run: wall and processor seconds, start-up included, and the largest resident memory."""

    contender: str
    customers: int
    wall: float
    cpu: float
    peak_mb: float


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
    parts = split(
        read_extract(training.read_bytes(), training.name, "training", IngestConfig()).customers,
        SplitConfig(),
    )
    for name, fit in BUNDLES.items():
        spec = fit_spec(parts.training, EncodingConfig())
        network = train_network(
            parts, spec, fit, checkpoints=aside / "checkpoints" / name, on_epoch=lambda *_: None, resume=False
        )
        stage(make_folder(aside / name), network=network, spec=spec)
    fit_peers(training, aside)
    aside.rename(models)


def run(contender: str, customers: int, folder: Path) -> Lap:
    """Run one contender in a process of its own."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    make_folder(out)
    program = Path(__file__).with_name("contenders.py")
    extract = folder / f"extract-{customers}.csv"
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(program), contender, str(extract), str(folder / "models"), str(out)]
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{contender} failed on {customers:,} customers")
    return Lap(
        contender, customers, wall, usage.ru_utime + usage.ru_stime, int((out / PEAK).read_text()) / 1024
    )


def table(laps: list[Lap], customers: int) -> str:
    """Write the medians of one size, fastest first, with how much longer than the engine each takes."""
    medians = _medians(laps, customers)
    engine = medians[ENGINE].wall
    heads = "| contender | wall s | CPU s | peak MB | customers/s | wall against the engine |"
    rows = [
        f"| {lap.contender} | {lap.wall:.1f} | {lap.cpu:.1f} | {lap.peak_mb:.0f} |"
        f" {customers / lap.wall:,.0f} | {lap.wall / engine:.2f} |"
        for lap in sorted(medians.values(), key=lambda lap: lap.wall)
    ]
    return "\n".join([heads, "|---|--:|--:|--:|--:|--:|", *rows, "", *_limits(medians)])


def _limits(medians: dict[str, Lap]) -> list[str]:
    """Say how far each engine is from parsing, inferring and writing alone, one after the other."""
    around = medians["pyarrow, parsing only"].wall + medians["pyarrow, writing only"].wall
    return [
        f"{engine}: {medians[engine].wall / (around + medians[infer].wall):.2f} times"
        f" the {around + medians[infer].wall:.1f} s of parsing, inferring and writing alone.  "
        for engine, infer in LIMITS.items()
    ]


def _medians(laps: list[Lap], customers: int) -> dict[str, Lap]:
    names = dict.fromkeys(lap.contender for lap in laps if lap.customers == customers)
    found = {}
    for name in names:
        mine = [lap for lap in laps if (lap.contender, lap.customers) == (name, customers)]
        found[name] = Lap(
            name,
            customers,
            statistics.median(lap.wall for lap in mine),
            statistics.median(lap.cpu for lap in mine),
            statistics.median(lap.peak_mb for lap in mine),
        )
    return found


def write_report(laps: list[Lap], sizes: list[int], rounds: int, folder: Path) -> None:
    """Write scoring.md and its plot."""
    sections = [f"## {customers:,} customers\n\n{table(laps, customers)}\n" for customers in sizes]
    text = (
        "# Scoring, measured\n\n"
        "Written by `make benchmark-scoring` (`tests/benchmarks/scoring.py`): simulated extracts,"
        f" {PLANTED_SHARE:.1%} of the rows with a fault in a cell planted (the others' readers stop at faults"
        f" of whole lines); medians of {rounds} round(s) in turn, each run in a process of its own, start-up"
        " included.\n"
        "Seconds are of one machine with two cores; only the ratios carry over to another.\n"
        "The engine checks every row, sets bad ones aside with their reasons, finds repeated customers over"
        " the whole file, gives every customer three reasons and writes to the disk for good. No other"
        " contender does any of that but pandas + pandera + onnxruntime, which checks.\n\n"
        + "\n".join(sections)
        + "\n![wall seconds by customers](scoring.png)\n"
    )
    (folder / "scoring.md").write_text(text)
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name in CONTENDERS:
        points = [(c, _medians(laps, c)[name].wall) for c in sizes if name in _medians(laps, c)]
        axes.plot(
            *zip(*points, strict=True), marker="o", label=name, linewidth=2.5 if name == ENGINE else 1.2
        )
    axes.set(xlabel="customers", ylabel="wall seconds", xscale="log", yscale="log")
    axes.legend(fontsize=7)
    figure.savefig(folder / "scoring.png", dpi=110, metadata={"Software": None})


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
        write_report(laps, sizes, flags.rounds, flags.report)


if __name__ == "__main__":
    main()
