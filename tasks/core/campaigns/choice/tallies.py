"""Count everybody scored, the eligible and the contacts by risk, first reason and protected group."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.campaign_files import Bin, GroupShare, ReasonCount, ShareOf
from schemas.columns import CATEGORIES, PROTECTED
from schemas.scores import REASON_CODES
from tasks.core.intervals import wilson

BINS: Final = 20
"""Of churn probability, all of the same width."""

Counts = npt.NDArray[np.int64]


@dataclass
class Tally:
    """Counts of one set of customers."""

    customers: int = 0
    risk: Counts = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    reasons: Counts = field(default_factory=lambda: np.zeros(len(REASON_CODES), dtype=np.int64))
    protected: dict[str, Counts] = field(
        default_factory=lambda: {each: np.zeros(len(CATEGORIES[each]), dtype=np.int64) for each in PROTECTED}
    )

    def add(
        self,
        probability: npt.NDArray[np.float64],
        first_reason: npt.NDArray[np.int8],
        protected: Iterable[tuple[str, npt.NDArray[np.int8]]],
    ) -> None:
        """Add N customers: (N,) probabilities, codes of first reasons, and codes of each protected column."""
        self.customers += len(probability)
        bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
        self.risk += np.bincount(bins, minlength=BINS)
        self.reasons += np.bincount(first_reason, minlength=len(REASON_CODES))
        for column, codes in protected:
            self.protected[column] += np.bincount(codes, minlength=len(CATEGORIES[column]))


def risk_bins(everybody: Tally, contacts: Tally) -> tuple[Bin, ...]:
    """Set the contacts' risk beside everybody's."""
    both = zip(everybody.risk.tolist(), contacts.risk.tolist(), strict=True)
    return tuple(
        Bin(low=place / BINS, high=(place + 1) / BINS, everybody=all_, contacts=ours)
        for place, (all_, ours) in enumerate(both)
    )


def reason_counts(everybody: Tally, contacts: Tally) -> tuple[ReasonCount, ...]:
    """Set the contacts' first reasons beside everybody's, the most frequent of the contacts first."""
    found = [
        ReasonCount(column=column, everybody=all_, contacts=ours)
        for column, all_, ours in zip(
            REASON_CODES, everybody.reasons.tolist(), contacts.reasons.tolist(), strict=True
        )
        if all_
    ]
    return tuple(sorted(found, key=lambda each: (-each.contacts, -each.everybody, each.column)))


def protected_shares(everybody: Tally, eligible: Tally, contacts: Tally) -> tuple[GroupShare, ...]:
    """Give the shares of each protected group among everybody, the eligible and the contacts."""
    return tuple(
        GroupShare(
            column=column,
            value=value,
            everybody=share_of(int(everybody.protected[column][code]), everybody.customers),
            eligible=share_of(int(eligible.protected[column][code]), eligible.customers),
            contacts=share_of(int(contacts.protected[column][code]), contacts.customers),
        )
        for column in PROTECTED
        for code, value in enumerate(CATEGORIES[column])
    )


def share_of(count: int, of: int) -> ShareOf:
    """Return a share with its 95 % interval; of nobody it is None."""
    share, (low, high) = (count / of, wilson(count, of)) if of else (None, (None, None))
    return ShareOf(count=count, of=of, share=share, low=low, high=high)
