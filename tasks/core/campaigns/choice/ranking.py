"""Rank any number of customers by expected profit and find where the budget ends, in constant memory.

There is one ranking, by profit and then by the keyed tie, and the budget only decides how far down it goes: a
larger one drops nobody. Controls keep their place in it and use no budget.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.campaign import Budget
from schemas.campaign_files import CurvePoint
from tasks.core.compiled import Words, compiled
from tasks.core.errors import ConfigError
from tasks.core.storage.spill import spill_file

MICRO: Final = 1_000_000
"""Money is added up in millionths, as integers: the order in which it is added does not show."""

_RECORDS_AT_ONCE: Final = 2**17
_WORDS: Final = 4
"""Of a record: rank, tie, cost in millionths, and whether the customer is a control."""
_DIGIT_BITS, _DIGITS, _LEVELS = 16, 2**16, 8
_SORTED_AT_ONCE: Final = 2**18
_WORD_BITS, _DIGIT_MASK = 64, np.uint64(2**16 - 1)
_UNLIMITED: Final = 2**62
_MOST: Final = _UNLIMITED / MICRO
"""The largest sum of money, in the campaign's currency, that is added up exactly."""

Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cut:
    """The place in the ranking, by rank and tie, of the first customer whom the budget does not cover."""

    rank: np.uint64
    tie: np.uint64


@dataclass(frozen=True)
class Chosen:
    """M customers above the cut, best first: their `places` in the order of adding, and who is a control."""

    places: Integers
    is_control: Bools


class Ranking:
    """Customers whose contact is expected to bring more than it costs."""

    def __init__(self, folder: Path) -> None:
        """Spill into an unnamed file in the folder."""
        self._file = spill_file(folder)
        self._counts, self._profits = np.zeros((2, _DIGITS), dtype=np.int64)
        self._money = 0.0

    def add(
        self, profit: npt.NDArray[np.float64], tie: Words, cost: npt.NDArray[np.float64], is_control: Bools
    ) -> None:
        """Add N customers with a profit above zero; profit and cost are in the campaign's currency.

        Raises:
            ConfigError: the sum of all customers is too large to be added up exactly.
        """
        self._money += max(profit.sum(), cost.sum())
        if self._money > _MOST:
            raise ConfigError(
                f"the amounts of all customers add up to more than {_MOST:.1e}. Give the value, the costs and"
                " the budget in a larger unit, such as thousands."
            )
        records = np.empty((len(profit), _WORDS), dtype=np.uint64)
        records[:, 0] = ~profit.view(np.uint64)  # positive numbers are ordered as their bits are
        records[:, 1], records[:, 2], records[:, 3] = tie, in_millionths(cost), is_control
        _add_up(records, in_millionths(profit), self._counts, self._profits)
        self._file.write(records.tobytes())

    def cut(self, budget: Budget) -> Cut | None:
        """Find where the budget ends: before the first customer, controls aside, who exceeds it."""
        contacts = _UNLIMITED if budget.contacts is None else budget.contacts
        money = _UNLIMITED if budget.money is None else int(in_millionths(np.array([budget.money]))[0])
        prefix = np.zeros(2, dtype=np.uint64)
        for level in range(_LEVELS):
            sizes, counts, costs = np.zeros((3, _DIGITS), dtype=np.int64)
            for records in self._records():
                _count(records, level, prefix, sizes, counts, costs)
            beyond = (counts.cumsum() > contacts) | (costs.cumsum() > money)
            if not beyond.any():
                return None
            digit = int(beyond.argmax())
            contacts, money = contacts - int(counts[:digit].sum()), money - int(costs[:digit].sum())
            word, place = divmod(level, _WORD_BITS // _DIGIT_BITS)
            prefix[word] |= np.uint64(digit) << np.uint64(_WORD_BITS - _DIGIT_BITS * (place + 1))
            if sizes[digit] <= _SORTED_AT_ONCE:
                return self._cut_within(level + 1, prefix, contacts, money)
        return Cut(*prefix)

    def chosen(self, cut: Cut | None) -> Chosen:
        """Return everybody above the cut."""
        places, above, first = [], [np.empty((0, _WORDS), dtype=np.uint64)], 0
        for records in self._records():
            rank, tie = records[:, 0], records[:, 1]
            inside = np.ones(len(records), dtype=np.bool_)
            if cut is not None:
                inside = (rank < cut.rank) | ((rank == cut.rank) & (tie < cut.tie))
            places.append(first + np.flatnonzero(inside))
            above.append(records[inside])
            first += len(records)
        together = np.concatenate(above)
        order = np.lexsort((together[:, 1], together[:, 0]))
        of_all = np.concatenate([np.empty(0, dtype=np.int64), *places])
        return Chosen(of_all[order], together[order, 3].astype(np.bool_))

    def curve(self) -> tuple[CurvePoint, ...]:
        """Return the best contacts and the sum of their profit, from one to all, controls aside."""
        filled = np.flatnonzero(self._counts)
        contacts, profits = self._counts.cumsum()[filled], self._profits.cumsum()[filled]
        return tuple(
            CurvePoint(contacts=count, profit=profit / MICRO)
            for count, profit in zip(contacts.tolist(), profits.tolist(), strict=True)
        )

    def close(self) -> None:
        """Release the spill file."""
        self._file.close()

    def _cut_within(self, level: int, prefix: Words, contacts: int, money: int) -> Cut:
        """Walk down the customers whose first digits are those of the prefix, where the budget ends."""
        among = np.concatenate([records[_is_within(records, level, prefix)] for records in self._records()])
        among = among[np.lexsort((among[:, 1], among[:, 0]))]
        is_contact = among[:, 3] == 0
        costs = np.where(is_contact, among[:, 2].astype(np.int64), 0)
        beyond = (is_contact.cumsum() > contacts) | (costs.cumsum() > money)
        return Cut(*among[beyond.argmax(), :2])

    def _records(self) -> Iterator[Words]:
        self._file.seek(0)
        while data := self._file.read(8 * _WORDS * _RECORDS_AT_ONCE):
            yield np.frombuffer(data, dtype="<u8").reshape(-1, _WORDS)


def in_millionths(money: npt.NDArray[np.float64]) -> Integers:
    """Round (N,) amounts to millionths of the currency."""
    return np.rint(money * MICRO).astype(np.int64)


@compiled
def _add_up(records: Words, profits: Integers, counts: Integers, sums: Integers) -> None:
    """Add up customers and profits, controls aside, by the first digit of their ranks."""
    for row in range(len(records)):
        if records[row, 3] == np.uint64(0):
            digit = records[row, 0] >> np.uint64(_WORD_BITS - _DIGIT_BITS)
            counts[digit] += 1
            sums[digit] += profits[row]


@compiled
def _has_prefix(records: Words, row: int, level: int, prefix: Words) -> bool:
    """Tell whether a record's first `level` digits are those of the prefix."""
    per_word = _WORD_BITS // _DIGIT_BITS
    if level < per_word:
        shift = np.uint64(_WORD_BITS - _DIGIT_BITS * level)
        return bool(level == 0 or records[row, 0] >> shift == prefix[0] >> shift)
    if records[row, 0] != prefix[0]:
        return False
    shift = np.uint64(_WORD_BITS - _DIGIT_BITS * (level - per_word))
    return bool(level == per_word or records[row, 1] >> shift == prefix[1] >> shift)


@compiled
def _count(
    records: Words, level: int, prefix: Words, sizes: Integers, counts: Integers, costs: Integers
) -> None:
    """Add up by the next digit the records with a prefix: all of them, the contacts, and their costs."""
    per_word = _WORD_BITS // _DIGIT_BITS
    word, shift = level // per_word, np.uint64(_WORD_BITS - _DIGIT_BITS * (level % per_word + 1))
    for row in range(len(records)):
        if _has_prefix(records, row, level, prefix):
            digit = (records[row, word] >> shift) & _DIGIT_MASK
            sizes[digit] += 1
            if records[row, 3] == np.uint64(0):
                counts[digit] += 1
                costs[digit] += np.int64(records[row, 2])


@compiled
def _is_within(records: Words, level: int, prefix: Words) -> Bools:
    within = np.empty(len(records), dtype=np.bool_)
    for row in range(len(records)):
        within[row] = _has_prefix(records, row, level, prefix)
    return within
