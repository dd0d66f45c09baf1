"""Write an extract with simulated customers: `python flows/simulate.py --out PATH`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flows import cli
from schemas.config import SimulationConfig
from tasks.core.simulator.bad_rows import kinds_in_turn
from tasks.core.simulator.drift_scenarios import parse_drift
from tasks.core.simulator.extract_writer import WrittenExtract, truth_path, write_extract

_PROGRESS_FROM_ROWS: Final = 200_000
"""Progress is reported from this number of customers."""


def main() -> None:
    """Read the flags, write the extract and report what was written."""
    flags = _parser().parse_args()
    written = write_extract(
        flags.out,
        rows=flags.rows,
        seed=flags.seed,
        faults=kinds_in_turn(flags.rows, flags.bad_rows),
        drift=parse_drift(flags.drift),
        labelled=not flags.unlabelled,
        progress=_progress(flags.rows),
    )
    print(_summary(written, flags.out, labelled=not flags.unlabelled))


def _parser() -> argparse.ArgumentParser:
    default = SimulationConfig()
    parser = cli.Parser(
        description="Write an extract with simulated customers of a telecom operator; none of them is real.",
    )
    parser.add_argument(
        "--out", type=cli.path, required=True, help="the extract to write, replaced if it exists"
    )
    parser.add_argument(
        "--rows", type=int, default=default.rows, help="customers to simulate (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=default.seed, help="seed for the population (default: %(default)s)"
    )
    parser.add_argument(
        "--bad-rows",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of rows, up to 0.5, that get one of the 20 kinds of fault in turn (default: none)",
    )
    parser.add_argument(
        "--drift",
        action="append",
        default=[],
        metavar="COLUMN=SHIFT",
        help="change tenure or MonthlyCharges by this share (0.2: a fifth more), or add SHIFT to the share "
        "of a category column's riskiest value (Contract=0.1); dependent columns change too; repeatable",
    )
    parser.add_argument("--unlabelled", action="store_true", help="leave out the Churn column")
    return parser


def _progress(rows: int) -> Callable[[int], None]:
    """Return a callback that reports every tenth of a long run to stderr."""
    reported = 0

    def report(done: int) -> None:
        nonlocal reported
        tenths = 10 * done // rows
        if rows >= _PROGRESS_FROM_ROWS and tenths > reported:
            reported = tenths
            print(f"simulated {done:,} of {rows:,} customers", file=sys.stderr)

    return report


def _summary(written: WrittenExtract, out: Path, *, labelled: bool) -> str:
    faults = sum(not planted.partner for planted in written.planted)
    return (
        f"{out}: {written.rows:,} simulated customers, none of them real; "
        f"{written.churners / written.rows:.1%} churn{'' if labelled else ' (Churn column left out)'}; "
        f"{faults:,} faults planted; true probabilities in {truth_path(out).name}"
    )


if __name__ == "__main__":
    cli.run(main)
