"""Split customers by a hash of their id, so a customer is in the same part in every extract."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID, TARGET
from schemas.config import SplitConfig
from schemas.split import ClassCuts, SplitCuts
from tasks.core.errors import ExtractError

FEWEST_FOLDS: Final = 3
"""With two, no customers are left to compare the folds' models on (metrics/cross_fitted.py)."""
FEWEST_PER_FOLD: Final = 10
"""Customers of each class that a fold holds out at least."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The three parts of an extract, each ordered by u (ties by id) with a fresh index."""

    training: pd.DataFrame
    validation: pd.DataFrame
    holdout: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Split(Parts):
    """The parts that a model is fitted and judged on, and the cuts between them."""

    cuts: SplitCuts


def uniform(ids: Iterable[str], seed: int) -> npt.NDArray[np.float64]:
    """Hash ids to numbers uniform in [0, 1): u of each id under the seed.

    u is the first 8 bytes of sha256("<seed>:<customerID>"), read big-endian, over 2^64.

    Returns:
        (N,) float64, in the order of the ids.
    """
    digests = (hashlib.sha256(f"{seed}:{customer}".encode()).digest() for customer in ids)
    first = b"".join(digest[:8] for digest in digests)
    return np.frombuffer(first, dtype=">u8") / 2.0**64


def split_customers(frame: pd.DataFrame, config: SplitConfig) -> Split:
    """Order each class by u and cut it at the configured shares.

    A cut at `share` of n customers is after `round(share * n)` of them (half to even).
    The row order and index of the frame do not matter.

    Args:
        frame: (N, *) accepted customers with their outcome; ids are distinct.
        config: Seed and shares.

    Raises:
        ExtractError: A class has too few customers for three parts.
    """
    ordered = order_by_hash(frame, config)
    u = uniform(ordered[ID], config.seed)
    part = np.empty(len(ordered), dtype=np.int8)
    classes = {}
    for label, rows in _by_class(ordered):
        first = round(config.training_share * len(rows))
        second = round((config.training_share + config.validation_share) * len(rows))
        if not 0 < first < second < len(rows):
            raise ExtractError(
                f"column {TARGET!r}: training, validation and holdout each need a customer with "
                f"{label!r}; got only {len(rows)}. Send an extract with more of them."
            )
        part[rows[:first]], part[rows[first:second]], part[rows[second:]] = 0, 1, 2
        classes[label] = ClassCuts(validation_from=float(u[rows[first]]), holdout_from=float(u[rows[second]]))
    training, validation, holdout = (ordered[part == i].reset_index(drop=True) for i in range(3))
    cuts = SplitCuts.model_validate({"seed": config.seed, "classes": classes})
    return Split(training=training, validation=validation, holdout=holdout, cuts=cuts)


def fold_numbers(ordered: pd.DataFrame, folds: int) -> npt.NDArray[np.intp]:
    """Give each customer the fold that holds it out: each class is cut into equal parts in the order of u.

    Args:
        ordered: (N, *) customers with their outcome, from `order_by_hash`.
        folds: Number of folds, 2 or more.

    Returns:
        (N,) numbers from 0.

    Raises:
        ExtractError: A class has too few customers for so many folds.
    """
    number = np.zeros(len(ordered), dtype=np.intp)
    for label, rows in _by_class(ordered):
        if len(rows) < FEWEST_PER_FOLD * folds:
            raise ExtractError(
                f"column {TARGET!r}: {folds} folds need {FEWEST_PER_FOLD * folds} customers with {label!r};"
                f" got only {len(rows)}. Send an extract with more of them, or set evaluation.folds to"
                f" {_most_folds(len(rows))}."
            )
        for i in range(1, folds):
            number[rows[round(i / folds * len(rows)) :]] = i
    return number


def _most_folds(customers: int) -> str:
    most = customers // FEWEST_PER_FOLD
    return f"{most} or less (0 for the holdout alone)" if most >= FEWEST_FOLDS else "0 (the holdout alone)"


def fold_parts(
    ordered: pd.DataFrame, number: npt.NDArray[np.intp], held_out: int, config: SplitConfig
) -> Parts:
    """Split the customers that a fold does not hold out into training and validation.

    Within each class these are, from the fold after it round to the one before it, in the order of u and
    in the configured ratio, with one at least in either. With the default shares and five folds the last
    fold is the split itself.
    """
    ratio = config.training_share / (config.training_share + config.validation_share)
    training_share = ratio * (1 - 1 / (int(number.max()) + 1))
    part = np.full(len(ordered), 2, dtype=np.int8)
    for _, rows in _by_class(ordered):
        of_rows = number[rows]
        others = np.concatenate([rows[of_rows > held_out], rows[of_rows < held_out]])
        first = min(max(round(training_share * len(rows)), 1), len(others) - 1)
        part[others[:first]], part[others[first:]] = 0, 1
    training, validation, holdout = (ordered[part == i].reset_index(drop=True) for i in range(3))
    return Parts(training=training, validation=validation, holdout=holdout)


def order_by_hash(frame: pd.DataFrame, config: SplitConfig) -> pd.DataFrame:
    """Order (N, *) customers by u (ties by id), with a fresh index; their order before does not matter."""
    u = uniform(frame[ID], config.seed)
    order = np.lexsort((frame[ID].to_numpy(dtype=object), u))
    return frame.iloc[order].reset_index(drop=True)


def _by_class(ordered: pd.DataFrame) -> list[tuple[str, npt.NDArray[np.intp]]]:
    return [(label, np.flatnonzero((ordered[TARGET] == label).to_numpy())) for label in ("No", "Yes")]


def unseen_by(frame: pd.DataFrame, cuts: SplitCuts) -> npt.NDArray[np.bool_]:
    """Return which customers a model with these cuts saw neither in training nor in validation.

    The higher of the two classes' cuts is used for everyone, because a customer's outcome may have
    changed since. This excludes a few of the model's own holdout customers as well.

    Args:
        frame: (N, *) customers with their ids.
        cuts: The cuts the model was trained with.

    Returns:
        (N,) bool, in the frame's row order.
    """
    return uniform(frame[ID], cuts.seed) >= cuts.unseen_from
