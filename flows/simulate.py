"""Write an extract with simulated customers: `python flows/simulate.py --out PATH`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flows import cli
from schemas.config import SimulationConfig
from schemas.timezone import DEFAULT_TIMEZONE
from tasks.core.intake.as_of_date import named_days
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
    if flags.contacts is not None:
        _write_contacts(flags)


def _write_contacts(flags: argparse.Namespace) -> None:
    """Write contact lists of the day in the extract's name or, without one, of today."""
    from tasks.core.simulator.contact_writer import write_contacts  # noqa: PLC0415 over a second

    days = named_days(flags.out.name)
    day = max(days) if days else cli.clock(DEFAULT_TIMEZONE)().date()
    written = write_contacts(flags.contacts, day, rows=flags.rows, seed=flags.seed, bad_share=flags.bad_rows)
    print(
        f"{flags.contacts}: contact lists of {day}: {written.objections:,} customers objected;"
        f" {written.bases:,} bases; {len(written.planted):,} bad lines"
    )


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
    parser.add_argument(
        "--contacts",
        type=cli.path,
        metavar="FOLDER",
        help="also write, into this folder, who objected and on what basis customers may be contacted, of the"
        " day in the name of --out or of today; --bad-rows applies to these lists too",
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
