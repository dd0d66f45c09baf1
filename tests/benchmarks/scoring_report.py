"""Write what a race of ways to score came to: tables, what was asked of the engine, and a plot."""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import matplotlib.pyplot as plt

from tasks.core.storage.atomic import make_folder
from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.extracts import PLANTED_SHARE
from tests.benchmarks.stages import table as stages_table

ENGINE, *_ = CONTENDERS
SKLEARN, POLARS = "pandas + scikit-learn logistic regression", "polars, logistic regression"
LEAST = ("pyarrow, parsing only", "inferring only, default model, reasons", "pyarrow, writing only")
"""What the engine cannot do without."""
PARSE, *_ = LEAST
SMALL, MIDDLE, LARGE = (millions * 1_000_000 for millions in (1, 5, 10))
"""Customers at which the engine is held against what was asked."""


@dataclass(frozen=True)
class Lap:
    """One run of a contender, or on a kind of extract: what it is called, and what it took.

    Wall and processor seconds include the start-up; `peak_mb` is the largest resident memory.
    """

    name: str
    customers: int
    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Results:
    """All runs: the race on the `sizes`, the engine's on every kind of extract, and its time by stage.

    `origin` says whether the race's customers are simulated or resampled.
    """

    race: list[Lap]
    kinds: list[Lap]
    stages: tuple[dict[str, float], dict[str, float]]
    sizes: list[int]
    rounds: int
    origin: str


@dataclass(frozen=True)
class Goal:
    """What is asked of the engine, and what would be more than anyone asks; a `limit` is not exceeded."""

    measure: str
    asked: float
    moonshot: float | None = None
    limit: bool = False

    def row(self, value: float) -> str:
        """Write a row of the table: measure, asked, measured, reached, moonshot, reached."""
        cells = [self.measure, *self._judge(self.asked, value), "", ""]
        if self.moonshot is not None:
            moonshot, _, reached = self._judge(self.moonshot, value)
            cells[-2:] = moonshot, reached
        return f"| {' | '.join(cells)} |"

    def _judge(self, bound: float, value: float) -> tuple[str, str, str]:
        reached = value <= bound if self.limit else value >= bound
        return (
            f"at {'most' if self.limit else 'least'} {bound:g}",
            f"{value:.2f}",
            "yes" if reached else "**no**",
        )


FASTER_THAN_POLARS: Final = Goal("times as fast as polars' logistic regression, which checks nothing", 1.0)
FASTER_THAN_SKLEARN: Final = Goal("times as fast as scikit-learn's pipeline", 7.5, 9.0)
TO_PARSING: Final = Goal("times as long as pyarrow's parsing alone", 2.0, limit=True)
SUSTAINED: Final = Goal("million customers per second between 5 and 10 million", 0.9, 1.1)
MEMORY: Final = Goal("MB at 10 million", 450.0, 350.0, limit=True)
GROWTH: Final = Goal("times the memory at 1 million", 1.1, limit=True)


def table(laps: list[Lap], customers: int) -> str:
    """Write the medians of one size, fastest first, with how much longer than the engine each takes."""
    medians = _medians(laps, customers)
    engine = medians[ENGINE].wall
    rows = [
        f"{_cells(lap)} {lap.wall / engine:.2f} |"
        for lap in sorted(medians.values(), key=lambda lap: lap.wall)
    ]
    least = sum(medians[name].wall for name in LEAST)
    return "\n".join(
        [
            f"{_HEADS.format('contender')} wall against the engine |",
            f"{_RULE}--:|",
            *rows,
            "",
            f"The engine takes {engine / least:.2f} times the {least:.1f} s of parsing, inferring, writing.",
        ]
    )


def kinds_table(kinds: list[Lap]) -> str:
    """Write the engine's medians on every kind of extract, in the order in which they were run."""
    rows = [_cells(lap) for lap in _medians(kinds, kinds[0].customers).values()]
    return "\n".join([_HEADS.format("kind of extract"), _RULE, *rows])


_HEADS: Final = "| {} | wall s | CPU s | peak MB | customers/s |"
_RULE: Final = "|---|--:|--:|--:|--:|"


def _cells(lap: Lap) -> str:
    rate = lap.customers / lap.wall
    return f"| {lap.name} | {lap.wall:.1f} | {lap.cpu:.1f} | {lap.peak_mb:.0f} | {rate:,.0f} |"


def _medians(laps: list[Lap], customers: int) -> dict[str, Lap]:
    names = dict.fromkeys(lap.name for lap in laps if lap.customers == customers)
    found = {}
    for name in names:
        mine = [lap for lap in laps if (lap.name, lap.customers) == (name, customers)]
        found[name] = Lap(
            name,
            customers,
            statistics.median(lap.wall for lap in mine),
            statistics.median(lap.cpu for lap in mine),
            statistics.median(lap.peak_mb for lap in mine),
        )
    return found


def measured(laps: list[Lap]) -> dict[Goal, float]:
    """Return what the sizes that were raced say about each goal; other goals are left out."""
    small, middle, large = (_medians(laps, customers) for customers in (SMALL, MIDDLE, LARGE))
    found = {}
    if middle:
        wall = middle[ENGINE].wall
        found |= {
            FASTER_THAN_POLARS: middle[POLARS].wall / wall,
            FASTER_THAN_SKLEARN: middle[SKLEARN].wall / wall,
            TO_PARSING: wall / middle[PARSE].wall,
        }
    if middle and large:
        found[SUSTAINED] = (LARGE - MIDDLE) / 1e6 / (large[ENGINE].wall - middle[ENGINE].wall)
    if large:
        found[MEMORY] = large[ENGINE].peak_mb
    if small and large:
        found[GROWTH] = large[ENGINE].peak_mb / small[ENGINE].peak_mb
    return found


def _bar(laps: list[Lap]) -> list[str]:
    """Hold the engine against what was asked of it."""
    rows = [goal.row(value) for goal, value in measured(laps).items()]
    if not rows:
        return []
    return [
        "## What was asked\n",
        (
            "Of the engine with the default model, everything on, start-up included; at 5 million customers"
            " unless the row names another number.\n"
        ),
        "| measure | asked | measured | reached | moonshot | reached |",
        "|---|--:|--:|---|--:|---|",
        *rows,
        "",
    ]


def write_report(results: Results, folder: Path) -> None:
    """Write scoring.md and its plot; what was not measured is left out."""
    laps, sizes = results.race, results.sizes
    sections = [f"## {customers:,} customers\n\n{table(laps, customers)}\n" for customers in sizes]
    kinds = (
        f"## Kinds of extract\n\nThe engine alone, on {results.kinds[0].customers:,} customers in every form;"
        f" {PLANTED_SHARE:.1%} of the rows bad unless the kind says more.\n\n{kinds_table(results.kinds)}\n"
    )
    stages = (
        "## Cost per customer by stage\n\nNanoseconds of processor time, without start-up; also by"
        " `python -m tests.benchmarks.stages EXTRACT BUNDLE OUT`.\n\n"
        f"{stages_table(*results.stages)}\n"
    )
    text = "\n".join([_introduction(results), *_bar(laps), *sections, stages, kinds, _PLOT])
    (make_folder(folder) / "scoring.md").write_text(text)
    _plot(laps, sizes, folder / "scoring.png")


def _introduction(results: Results) -> str:
    millions = ",".join(f"{customers / 1_000_000:g}" for customers in results.sizes)
    resampled = results.origin == "resampled"
    medians = f"medians of {results.rounds} rounds" if results.rounds > 1 else "one round"
    customers = (
        "rows of a real extract, drawn with replacement and given fresh ids"
        if resampled
        else "simulated customers"
    )
    return (
        "# Scoring, measured\n\n"
        f"Written by `make benchmark-scoring MILLIONS={millions} ROUNDS={results.rounds}"
        f"{' EXTRACT=telco_churn.csv' if resampled else ''}` (`tests/benchmarks/scoring.py`): {customers},"
        f" {PLANTED_SHARE:.1%} of the rows with a fault in a cell planted (the others' readers stop at faults"
        f" of whole lines); {medians} in turn, each run in a process of its own, start-up included.\n"
        "Seconds are of one machine with two cores; only the ratios carry over to another.\n"
        "The engine hashes the file, checks every row, sets bad ones aside with their reasons, finds repeated"
        " customers over the whole file, gives every customer three reasons and writes to the disk for good."
        " pandas + pandera + onnxruntime checks every row and gives reasons, too; no other contender does any"
        " of that.\n"
    )


_PLOT: Final = "![wall seconds by customers](scoring.png)\n"


def _plot(laps: list[Lap], sizes: list[int], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name in CONTENDERS:
        points = [(c, _medians(laps, c)[name].wall) for c in sizes if name in _medians(laps, c)]
        if points:
            axes.plot(
                *zip(*points, strict=True), marker="o", label=name, linewidth=2.5 if name == ENGINE else 1.2
            )
    axes.set(xlabel="customers", ylabel="wall seconds", xscale="log", yscale="log")
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
