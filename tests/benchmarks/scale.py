"""Measure what the size of a cluster depends on: `python -m tests.benchmarks.scale`.

Measures each step of a run on a cluster with the product's own functions, compares two workers on this
machine with two threads, and prints what nights of several sizes take with several numbers of workers.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.config import ScoreConfig
from tasks.core.storage.atomic import make_folder
from tests.benchmarks.default_bundle import fit_bundle, training_extract
from tests.benchmarks.extracts import Origin, extract_of
from tests.benchmarks.scale_steps import STEPS, WORKERS, Measured

ROOT: Final = Path(__file__).parents[2]
NIGHTS: Final = (1_000_000, 10_000_000, 100_000_000)
"""Customers per night."""
MACHINES: Final = (1, 2, 4, 8)
WORKERS_A_MACHINE: Final = 2
START_UP_SECONDS: Final = 30.0
"""Of a cluster that runs already: the flow, and the workers' imports (docs/scale.md)."""


@dataclass(frozen=True)
class Rates:
    """Customers per second of wall time, and what a partition holds.

    `r`: one worker scores; `c`: the driver hashes and cuts; `g`: the driver gathers; `h`: it hashes alone;
    `t`: two threads score without a cluster; `p`: customers in each partition.
    """

    r: float
    c: float
    g: float
    h: float
    t: float
    p: float

    def on_a_cluster(self, customers: int, workers: int) -> float:
        """Return the seconds of a night; a worker without a partition of its own does not help."""
        partition = min(self.p, customers)
        busy = min(workers, math.ceil(customers / self.p))
        working = max(customers / (busy * self.r), customers / self.g)
        return START_UP_SECONDS + customers / self.c + working + partition / self.g

    def by_threads(self, customers: int) -> float:
        """Return the seconds of a night on one machine without a cluster, the flow's start-up aside."""
        return customers / self.h + customers / self.t

    @property
    def most_workers(self) -> int:
        """The number of workers from which on the driver is the limit."""
        return math.ceil(self.g / self.r)


def rates_of(steps: dict[str, Measured], customers: int, extract_bytes: int) -> Rates:
    """Derive the rates from the steps' measurements of an extract of so many customers and bytes."""
    return Rates(
        r=customers / steps["worker"].wall,
        c=customers / steps["cut"].wall,
        g=customers / steps["driver"].wall,
        h=customers / steps["cut"].found["hashing"],
        t=customers / steps["threads"].wall,
        p=customers * ScoreConfig().partition_bytes / extract_bytes,
    )


def measure(step: str, extract: Path, models: Path, work: Path) -> Measured:
    """Run a step in a process of its own."""
    program = (sys.executable, "-m", "tests.benchmarks.scale_steps", step)
    subprocess.run([*program, extract, models, work], check=True)
    found: dict[str, Any] = json.loads((work / f"{step}.json").read_text())
    measured = Measured(**found)
    print(f"{step}: {measured.wall:.1f} s, {measured.peak_mb:.0f} MB", flush=True)
    return measured


def refuse_other_bytes(steps: dict[str, Measured]) -> None:
    """Compare what was written with a cluster, without one, and by gathering one worker's records.

    Raises:
        SystemExit: scores or quarantine differ.
    """
    for name in ("scores.csv", "quarantine.csv"):
        if len({steps[step].found[name] for step in ("driver", "threads", "cluster")}) > 1:
            raise SystemExit(f"{name} depends on how it was computed")


def rates_table(steps: dict[str, Measured], customers: int) -> str:
    """Write what was measured: rates by wall and processor time, and memory."""
    rows = [
        ("r", "scoring a partition, one worker", "worker"),
        ("c", "hashing and cutting on the driver", "cut"),
        ("g", "gathering on the driver", "driver"),
        ("", "scoring on two threads, without a cluster", "threads"),
    ]
    lines = ["| | symbol | customers/s | per CPU second | peak MB |", "|---|---|--:|--:|--:|"]
    for symbol, what, step in rows:
        took = steps[step]
        rates = f"{customers / took.wall:,.0f} | {customers / took.cpu:,.0f}"
        lines.append(f"| {what} | {symbol} | {rates} | {took.peak_mb:.0f} |")
    return "\n".join(lines)


def comparison(steps: dict[str, Measured], customers: int) -> str:
    """Say what a record takes, and how two workers on this machine compare with two threads."""
    dask, alone = steps["cluster"], steps["threads"]
    return (
        f"A record has {steps['worker'].found['record_bytes'] / customers:.0f} bytes per customer.\n"
        f"{WORKERS} Dask workers on this machine, of {dask.found['workers_peak_mb']:.0f} MB each, take"
        f" {dask.wall:.1f} s from the first partition to the end; {WORKERS} threads take {alone.wall:.1f} s."
        " Both write the same bytes."
    )


def nights_table(rates: Rates) -> str:
    """Write the minutes that nights take, by the formula of docs/scale.md, and where the driver limits."""
    clusters = [(machines, machines * WORKERS_A_MACHINE) for machines in MACHINES]
    heads = [f"machines: {machines}, W = {workers}" for machines, workers in clusters]
    lines = [
        f"| customers per night | two threads, no cluster | {' | '.join(heads)} |",
        f"|---|{'--:|' * (len(heads) + 1)}",
    ]
    for customers in NIGHTS:
        spans = [rates.by_threads(customers), *(rates.on_a_cluster(customers, each) for _, each in clusters)]
        lines.append(f"| {customers:,} | {' | '.join(f'{seconds / 60:.1f}' for seconds in spans)} |")
    most = rates.most_workers
    return "\n".join(lines) + (
        "\n\nIn minutes. A cluster takes 30 + N/c + max(N/(W r), N/g) + P/g seconds, with"
        f" P = {rates.p:,.0f} customers in each partition, and uses no more workers than it has partitions."
        f" From W = {most} on, {math.ceil(most / WORKERS_A_MACHINE)} machines with"
        f" {WORKERS_A_MACHINE} workers each, the driver is the limit."
    )


def main() -> None:
    """Prepare, measure every step, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, default=10.0, help="size of the extract (default: 10)")
    parser.add_argument(
        "--extract", type=Path, help="real extract to draw customers from and fit on (default: simulated)"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "var" / "benchmarks" / "scoring", help="work folder"
    )
    flags = parser.parse_args()
    customers = round(flags.millions * 1_000_000)
    origin = Origin(flags.extract)
    folder = origin.folder(flags.out)
    extract = extract_of(origin, folder, customers)
    models = make_folder(folder / "models")
    fit_bundle(training_extract(origin, folder), models)
    work = make_folder(folder / "scale")
    try:
        steps = {step: measure(step, extract, models, work) for step in STEPS}
    finally:
        shutil.rmtree(work)
    refuse_other_bytes(steps)
    rates = rates_of(steps, customers, extract.stat().st_size)
    print(f"\n{customers:,} {origin.name} customers, {extract.stat().st_size / customers:.0f} bytes each\n")
    print(rates_table(steps, customers), comparison(steps, customers), nights_table(rates), sep="\n\n")


if __name__ == "__main__":
    main()
