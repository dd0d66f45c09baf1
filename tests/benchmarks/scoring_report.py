"""Write what a race of ways to score came to: tables, what was asked of the engine, and a plot."""

import statistics
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt

from tests.benchmarks.contenders import CONTENDERS

ENGINE, *_ = CONTENDERS
SKLEARN, LIGHTGBM = "pandas + scikit-learn logistic regression", "pandas + LightGBM"
TUNED = "pyarrow + LightGBM, tuned"
PANDERA, PARSE = "pandas + pandera + onnxruntime", "pyarrow, parsing only"
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
    around = medians[PARSE].wall + medians["pyarrow, writing only"].wall
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


def _bar(laps: list[Lap]) -> list[str]:
    """Hold both engines against what was asked of them, at five million customers and above."""
    small, middle, large = (_medians(laps, millions * 1_000_000) for millions in (1, 5, 10))
    if not (small and middle and large):
        return []
    rows = []
    for engine in LIMITS:
        wall = middle[engine].wall
        rate = 5 / (large[engine].wall - wall)
        ratio = {name: middle[name].wall / wall for name in middle}
        growth = large[engine].peak_mb / small[engine].peak_mb
        for what, asked, value, reached in (
            ("times faster than scikit-learn", "6", ratio[SKLEARN], ratio[SKLEARN] >= 6),
            ("times faster than LightGBM", "8", ratio[LIGHTGBM], ratio[LIGHTGBM] >= 8),
            ("times faster than LightGBM, tuned", "5", ratio[TUNED], ratio[TUNED] >= 5),
            ("times faster than pandera + onnxruntime", "7.5", ratio[PANDERA], ratio[PANDERA] >= 7.5),
            ("times slower than parsing alone", "at most 4", 1 / ratio[PARSE], 1 / ratio[PARSE] <= 4),
            ("million customers per second, sustained", "0.6", rate, rate >= 0.6),
            ("MB at 10 million", "under 500", large[engine].peak_mb, large[engine].peak_mb < 500),
            ("times the memory at 1 million", "at most 1.25", growth, growth <= 1.25),
        ):
            rows.append(f"| {engine} | {what} | {asked} | {value:.2f} | {'yes' if reached else '**no**'} |")
    return [
        "## What was asked\n",
        "At 5 million customers; sustained: between 5 and 10 million.\n",
        "| engine | measure | asked | measured | reached |",
        "|---|---|--:|--:|---|",
        *rows,
        "",
    ]


def write_report(laps: list[Lap], sizes: list[int], rounds: int, planted_share: float, folder: Path) -> None:
    """Write scoring.md and its plot."""
    medians = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    millions = ",".join(f"{customers / 1_000_000:g}" for customers in sizes)
    sections = [f"## {customers:,} customers\n\n{table(laps, customers)}\n" for customers in sizes]
    text = (
        "# Scoring, measured\n\n"
        f"Written by `make benchmark-scoring MILLIONS={millions} ROUNDS={rounds}`"
        " (`tests/benchmarks/scoring.py`): simulated extracts,"
        f" {planted_share:.1%} of the rows with a fault in a cell planted (the others' readers stop at faults"
        f" of whole lines); {medians} in turn, each run in a process of its own,"
        " start-up included.\n"
        "Seconds are of one machine with two cores; only the ratios carry over to another.\n"
        "The engine checks every row, sets bad ones aside with their reasons, finds repeated customers over"
        " the whole file, gives every customer three reasons and writes to the disk for good."
        " pandas + pandera + onnxruntime checks every row and gives reasons, too; no other contender does any"
        " of that.\n\n"
        + "\n".join([*sections, *_bar(laps)])
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
