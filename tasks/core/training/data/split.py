"""Split customers by a hash of their id, so a customer is in the same part in every extract."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID, TARGET
from schemas.config import SplitConfig
from schemas.split import ClassCuts, SplitCuts
from tasks.core.errors import ExtractError


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
    for label, rows in by_class(ordered):
        first = round(config.training_share * len(rows))
        second = round((config.training_share + config.validation_share) * len(rows))
        if not 0 < first < second < len(rows):
            raise ExtractError(
                f"column {TARGET!r}: training, validation and holdout each need a customer with "
                f"{label!r}; got only {len(rows)}. Send an extract with more of them."
            )
        part[rows[:first]], part[rows[first:second]], part[rows[second:]] = 0, 1, 2
        classes[label] = ClassCuts(validation_from=float(u[rows[first]]), holdout_from=float(u[rows[second]]))
    cuts = SplitCuts.model_validate({"seed": config.seed, "classes": classes})
    return Split(**vars(cut(ordered, part)), cuts=cuts)


def cut(ordered: pd.DataFrame, part: npt.NDArray[np.int8]) -> Parts:
    """Give (N, *) customers their parts: (N,) with 0 for training, 1 for validation, 2 for the holdout."""
    training, validation, holdout = (ordered[part == i].reset_index(drop=True) for i in range(3))
    return Parts(training=training, validation=validation, holdout=holdout)


def order_by_hash(frame: pd.DataFrame, config: SplitConfig) -> pd.DataFrame:
    """Order (N, *) customers by u (ties by id), with a fresh index; their order before does not matter."""
    u = uniform(frame[ID], config.seed)
    order = np.lexsort((frame[ID].to_numpy(dtype=object), u))
    return frame.iloc[order].reset_index(drop=True)


def by_class(ordered: pd.DataFrame) -> list[tuple[str, npt.NDArray[np.intp]]]:
    """Give the outcome and the row numbers, in order, of those who stayed and of those who left."""
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
