"""Write what starting up came to: seconds and ratios in both modes, and the most expensive imports."""

import statistics
from pathlib import Path
from typing import Final, NamedTuple

EMPTY: Final = "empty flow"
OURS: Final = "our command"
BEFORE: Final = "our command, before"
TEMPORARY: Final = "temporary server"
RUNNING: Final = "running server"
ASKED: Final = 1.3
"""How many times as long as an empty flow our command may take."""

SHOWN: Final = 10
"""Packages in the table of imports."""


class Lap(NamedTuple):
    """One run in one mode: wall seconds, and processor seconds with those of its own processes."""

    contender: str
    mode: str
    wall: float
    cpu: float


class Imported(NamedTuple):
    """Seconds to import a package: its own modules, and its first module with all that this imports."""

    contender: str
    package: str
    own: float
    first: float


def times(laps: list[Lap]) -> str:
    """Write the medians of both modes, with the ratio to the empty flow."""
    rows = []
    for mode in dict.fromkeys(lap.mode for lap in laps):
        empty = statistics.median(_walls(laps, mode, EMPTY))
        for name in dict.fromkeys(lap.contender for lap in laps):
            walls = _walls(laps, mode, name)
            cpu = [lap.cpu for lap in laps if (lap.mode, lap.contender) == (mode, name)]
            ratio = statistics.median(walls) / empty
            reached = "" if name == EMPTY else "yes" if ratio <= ASKED else "**no**"
            rows.append(
                f"| {mode} | {name} | {statistics.median(walls):.2f} | {min(walls):.2f} to {max(walls):.2f} |"
                f" {statistics.median(cpu):.2f} | {ratio:.2f} | {reached} |"
            )
    head = f"| mode | program | wall s | range | CPU s | times the empty flow | at most {ASKED} |"
    return "\n".join([head, "|---|---|--:|--:|--:|--:|---|", *rows])


def imports(imported: list[Imported]) -> str:
    """Write the most expensive packages of each checkout, by their own modules."""
    names = dict.fromkeys(each.contender for each in imported)
    dearest = {
        name: sorted((each for each in imported if each.contender == name), key=lambda each: -each.own)
        for name in names
    }
    rows = [
        f"| {name} | {each.package} | {each.own:.2f} | {each.first:.2f} |"
        for name in names
        for each in dearest[name][:SHOWN]
    ]
    totals = [
        f"{name}: {sum(each.own for each in dearest[name]):.2f} s of imports in its own process.  "
        for name in names
    ]
    head = "| program | package | its modules, s | its first import, s |"
    return "\n".join([head, "|---|---|--:|--:|", *rows, "", *totals])


def write_report(
    laps: list[Lap], imported: list[Imported], *, command: str, customers: str, folder: Path
) -> None:
    """Write start-up.md."""
    rounds = sum((lap.contender, lap.mode) == (OURS, RUNNING) for lap in laps)
    text = f"""\
# Starting up, measured

Written by `{command}` (`tests/benchmarks/start_up.py`): medians of {rounds} rounds in turn.
The empty flow is a script with a Prefect flow of nine tasks that do nothing; our command is
`python flows/score_flow.py --extract X` with a champion in service and {customers}.
Both are whole programs, interpreter and imports included, with the same Prefect settings. Our command
has ended only once Prefect has taken everything that it reports.
Seconds are of one busy machine with two cores; only the ratios carry over to another.

{times(laps)}

CPU seconds include those of the temporary server and of the process that reports our run.

## Imports

By `-X importtime` in the run's own process, medians of three runs against the running server. The first
import of a package counts what it imports from others, too.

{imports(imported)}
"""
    (folder / "start-up.md").write_text(text)


def _walls(laps: list[Lap], mode: str, name: str) -> list[float]:
    return [lap.wall for lap in laps if (lap.mode, lap.contender) == (mode, name)]
