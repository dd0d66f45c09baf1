"""Write simulated extracts of any size, with a bounded number of customers in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from schemas.columns import ID, TARGET
from tasks.core.errors import ConfigError
from tasks.core.simulator.bad_rows import Fault, Plan, PlantedFault, plan_faults, spoil
from tasks.core.simulator.customer_frame import text_columns
from tasks.core.simulator.drift_scenarios import Drift, check_drift
from tasks.core.simulator.population import populate
from tasks.core.storage.atomic import replacing

CHUNK_ROWS: Final = 65_536
"""Customers in memory at a time; this does not affect the file's content."""


class WrittenExtract(NamedTuple):
    """What was written."""

    rows: int
    """Customers; repeated lines are not counted."""
    churners: int
    """Customers who churn, including those with faults, whether or not the Churn column was written."""
    planted: tuple[PlantedFault, ...]
    """Every bad line, in the order of the file."""


def truth_path(path: Path) -> Path:
    """Return the path of the true probabilities of an extract."""
    return path.with_name(f".{path.stem}.truth.csv")


def write_extract(
    path: Path,
    *,
    rows: int,
    seed: int,
    faults: Sequence[Fault] = (),
    drift: Drift | None = None,
    labelled: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> WrittenExtract:
    """Write simulated customers to `path` and their true churn probabilities to `truth_path(path)`.

    Both files are written under temporary names, readable only by their owner, and renamed when
    complete; existing files are replaced. The truth uses the ids from before faults were planted.

    Args:
        path: The extract; its folder must exist.
        rows: Customers, at least 1.
        seed: Seed of the population, 0 or more.
        faults: Faults to plant, at most one per customer, in the order of the file.
        drift: How the population drifts; see `tasks.core.simulator.drift_scenarios`.
        labelled: Whether the Churn column is written.
        progress: Called after every chunk with the number of customers written so far.

    Raises:
        ConfigError: A setting is out of range, or the path cannot be written.
    """
    if rows < 1 or seed < 0:
        raise ConfigError(
            f"simulation: rows must be at least 1 and the seed at least 0, got {rows} and {seed}"
        )
    if path.exists() and not path.is_file():
        raise ConfigError(f"extract {path.name!r} exists and is not a file. Choose another path.")
    drift = drift or {}
    check_drift(drift)
    plan = plan_faults(rows, faults, seed)
    try:
        with replacing(path) as extract, replacing(truth_path(path)) as truth:
            return _write(extract, truth, _Order(rows, seed, drift, labelled), plan, progress)
    except OSError as error:
        raise ConfigError(
            f"could not write extract {path.name!r}: {error.strerror}. Choose another path."
        ) from None


class _Order(NamedTuple):
    """The customers to write."""

    rows: int
    seed: int
    drift: Drift
    labelled: bool


def _write(
    extract: BinaryIO, truth: BinaryIO, order: _Order, plan: list[Plan], progress: Callable[[int], None]
) -> WrittenExtract:
    """Write both files chunk by chunk, counting physical lines."""
    planted: list[PlantedFault] = []
    waiting = iter([*plan, None])
    planned = next(waiting)
    churners = repeats = 0
    truth.write(f"{ID},churn_probability\n".encode())
    for start in range(0, order.rows, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, order.rows)
        population = populate(start, stop - start, order.seed, order.drift)
        columns = text_columns(population)
        truths = zip(columns[ID], population.probability.tolist(), strict=True)
        truth.write("".join([f"{customer},{p:.6f}\n" for customer, p in truths]).encode())
        churners += int(population.churned.sum())
        if not order.labelled:
            del columns[TARGET]
        if start == 0:
            extract.write((",".join(columns) + "\n").encode())
        lines = list(map(",".join, zip(*columns.values(), strict=True)))
        while planned is not None and planned.customer < stop:
            row = {column: texts[planned.customer - start] for column, texts in columns.items()}
            lines[planned.customer - start] = spoil(row, planned)
            repeats += planned.fault is Fault.IDENTICAL_REPEAT
            planted.append(PlantedFault(planned.customer + 2 + repeats, planned.fault, planned.partner))
            planned = next(waiting)
        extract.write(("\n".join(lines) + "\n").encode("utf-8", errors="surrogateescape"))
        progress(stop)
    return WrittenExtract(order.rows, churners, tuple(planted))
