from pathlib import Path

import pytest

from tests.benchmarks import scoring_report
from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.scoring_report import (
    ENGINE,
    PARSE,
    POLARS,
    SKLEARN,
    Lap,
    Results,
    measured,
    write_report,
)
from tests.benchmarks.stages import STAGES as NAMES

WALL = {ENGINE: 6.0, POLARS: 6.6, SKLEARN: 48.0, PARSE: 2.0}
"""Seconds for five million customers; every other contender takes 10."""
STAGES = dict.fromkeys(NAMES, 2.0), dict.fromkeys(NAMES, 3.0)


def laps(*sizes: int) -> list[Lap]:
    """Make a round in which time grows with the size, and the engine's memory by 3 MB a million."""
    return [
        Lap(name, size, WALL.get(name, 10.0) * size / 5_000_000, 1.0, 300 + 3 * size / 1_000_000)
        for size in sizes
        for name in CONTENDERS
    ]


def test_the_engine_is_held_against_what_was_asked() -> None:
    """Computed by hand: five million more customers take six seconds more."""
    found = {goal.measure: value for goal, value in measured(laps(1_000_000, 5_000_000, 10_000_000)).items()}

    assert list(found.values()) == pytest.approx([1.1, 8.0, 3.0, 5 / 6, 330, 330 / 303])


def test_a_goal_and_its_moonshot_are_judged_apart() -> None:
    """A limit is kept by what is below it."""
    assert scoring_report.FASTER_THAN_SKLEARN.row(8.0).endswith(
        "| at least 7.5 | 8.00 | yes | at least 9 | **no** |"
    )
    assert scoring_report.MEMORY.row(330).endswith("| at most 450 | 330.00 | yes | at most 350 | yes |")
    assert scoring_report.TO_PARSING.row(3.0).endswith("| at most 2 | 3.00 | **no** |  |  |")


@pytest.mark.parametrize("sizes", [(200_000,), (5_000_000,), (10_000_000,), (1_000_000, 5_000_000)], ids=str)
def test_a_report_says_what_was_measured_and_no_more(sizes: tuple[int, ...], tmp_path: Path) -> None:
    """Any sizes may be raced; the table of goals has the rows that they allow."""
    kinds = [Lap("CSV, simulated", 1_000_000, wall, 2.0, 300.0) for wall in (1.0, 2.0, 4.0)]
    write_report(Results(laps(*sizes), kinds, STAGES, list(sizes), 3, "resampled"), tmp_path / "new")
    text = (tmp_path / "new" / "scoring.md").read_text()

    assert "| **all of it** | 32 | 48 |" in text
    assert "| CSV, simulated | 2.0 | 2.0 | 300 | 500,000 |" in text
    assert ("## What was asked" in text) == (max(sizes) >= 5_000_000)
    assert (tmp_path / "new" / "scoring.png").stat().st_size > 0


def test_contenders_that_fill_the_memory_may_be_left_out(tmp_path: Path) -> None:
    """Above some size only those that stream take part."""
    left_out = [lap for lap in laps(10_000_000) if not lap.name.startswith("pandas")]
    kinds = [Lap("CSV, simulated", 1_000_000, 1.0, 2.0, 300.0)]
    write_report(Results(left_out, kinds, STAGES, [10_000_000], 1, "simulated"), tmp_path)
    text = (tmp_path / "scoring.md").read_text()

    assert "pandas + CatBoost" not in text
    assert "MB at 10 million | at most 450 | 330.00 | yes | at most 350 | yes |" in text
