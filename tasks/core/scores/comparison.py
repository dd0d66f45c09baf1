"""Compare two bundles' scores for the same extract, however large it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID
from schemas.config import Locations, ReadingConfig
from schemas.score_comparison import Movement
from schemas.scores import PROBABILITY_DECIMALS
from tasks.core.errors import ConfigError, PublishError
from tasks.core.intake.archive import find_archived
from tasks.core.scores.folders import read_manifest
from tasks.core.scores.latest import read_latest
from tasks.core.scores.publish import SCORES
from tasks.core.storage.seals import is_as_sealed

_ROWS: Final = 200_000
"""Customers compared at a time."""

_STEPS: Final = 10**PROBABILITY_DECIMALS
"""Probabilities are multiples of one over this."""


@dataclass(frozen=True)
class LastExtract:
    """The extract of the latest scores: its archived file, its day, their folder, and how it was read.

    `reading` is None for scores that do not record it; `objections_id` identifies who was left out.
    """

    path: Path
    as_of: date
    folder: Path
    reading: ReadingConfig | None
    objections_id: str | None


def find_last_extract(home: Locations) -> LastExtract:
    """Find the archived extract behind the latest scores.

    Raises:
        ConfigError: nothing has been scored, the scores are damaged, or the extract is not in the archive.
    """
    latest = read_latest(home.scores)
    path = find_archived(home.archive, latest.extract_id) if latest else None
    if latest is None or path is None:
        raise ConfigError(
            "the extract behind the latest scores is not in the archive, so it cannot be scored again."
            " Nothing was moved; leave out --rescore."
        )
    folder = home.scores / latest.folder
    manifest = read_manifest(folder)
    if manifest is None or not is_as_sealed(folder, manifest, hashed=True):
        raise ConfigError(
            f"the latest scores '{folder.name}' have changed since they were published, so nothing can be"
            " compared with them. Nothing was moved; score the archived extract again first, or leave out"
            " --rescore."
        )
    inputs = manifest.inputs
    return LastExtract(
        path,
        latest.as_of_date,
        folder,
        inputs.reading if inputs else None,
        inputs.objections_id if inputs else None,
    )


def compare(before: Path, after: Path, *, same_customers: bool = True) -> Movement:
    """Compare two folders of scores of one extract, which have its customers in the same order.

    Those that only one of them has are not compared, unless both must have the `same_customers`: whoever
    objected in the meantime is no longer scored.

    Raises:
        PublishError: they must cover the same customers, but do not.
    """
    changes = np.zeros(_STEPS + 1, dtype=np.int64)  # customers by the size of their change, in steps
    raised = lowered = deciles = 0
    for old, new, alone in _in_both(_read(before), _read(after)):
        if same_customers and alone:
            raise PublishError(
                f"scores '{before.name}' and '{after.name}' cover different customers, so they cannot be"
                " compared. The scores are kept; check whether another version published the first."
            )
        raised += int((new["churn_flag"] > old["churn_flag"]).sum())
        lowered += int((new["churn_flag"] < old["churn_flag"]).sum())
        deciles += int((new["decile"] != old["decile"]).sum())
        steps = ((new["churn_probability"] - old["churn_probability"]).abs() * _STEPS).round().astype("int64")
        changes += np.bincount(steps, minlength=_STEPS + 1)
    customers = int(changes.sum())
    return Movement(
        customers=customers,
        flags_raised=raised,
        flags_lowered=lowered,
        deciles_moved=deciles,
        mean_absolute_change=int(changes @ np.arange(_STEPS + 1)) / _STEPS / max(1, customers),
        p95_absolute_change=int(np.searchsorted(changes.cumsum(), 0.95 * customers)) / _STEPS,
    )


def _in_both(
    before: Iterator[pd.DataFrame], after: Iterator[pd.DataFrame]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, int]]:
    """Yield the rows of customers in both, side by side, and the number of those known to be in only one."""
    old, new = pd.DataFrame(), pd.DataFrame()
    for more_old, more_new in zip_longest(before, after):
        old, new = pd.concat([old, more_old]), pd.concat([new, more_new])
        in_new, in_old = old[ID].isin(new[ID]).to_numpy(), new[ID].isin(old[ID]).to_numpy()
        (ends_old, ends_new), both = (_end_of(in_new), _end_of(in_old)), int(in_new.sum())
        yield (
            old[in_new].reset_index(drop=True),
            new[in_old].reset_index(drop=True),
            ends_old + ends_new - 2 * both,
        )
        old, new = old[ends_old:], new[ends_new:]
    yield old[:0], new[:0], len(old) + len(new)


def _end_of(both: npt.NDArray[np.bool_]) -> int:
    """Return the number of rows up to the last that is in both: what follows may still turn up."""
    return int(np.flatnonzero(both)[-1]) + 1 if both.any() else 0


def _read(folder: Path) -> Iterator[pd.DataFrame]:
    columns = {ID: "str", "churn_probability": "float64", "churn_flag": "int8", "decile": "int8"}
    yield from pd.read_csv(
        folder / SCORES, usecols=list(columns), dtype=columns, keep_default_na=False, chunksize=_ROWS
    )
