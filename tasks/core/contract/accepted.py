"""Accepted customers as arrays, which the engine reads and scores without a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET
from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled
from tasks.core.contract.check_tables import PLAIN_FORMS
from tasks.core.contract.parse import Parsed
from tasks.core.contract.vocabulary import VOCABULARY

FORM_TYPE: Final = pd.CategoricalDtype(list(PLAIN_FORMS))
_CATEGORY_TYPES: Final = {column: pd.CategoricalDtype(list(values)) for column, values in VOCABULARY.items()}
_CODES: Final = {
    column: {value: code for code, value in enumerate(values)} for column, values in VOCABULARY.items()
}
_FORM_CODES: Final = {form: code for code, form in enumerate(PLAIN_FORMS)}


@dataclass(frozen=True)
class Accepted:
    """N accepted customers, in the order of their lines.

    categories: names of the K category columns.
    lines: (N,) int64, physical lines.
    octets, ids: UTF-8 as (B,) uint8, and (N, 2) int64: where in it each id starts and ends.
    codes: (N, K) int8, positions of the values in their columns' `VOCABULARY`.
    numbers, forms: (N, Q) float64, the `NUMBERS`, NaN where blank, and int8, positions in `PLAIN_FORMS`.
    """

    categories: tuple[str, ...]
    lines: npt.NDArray[np.int64]
    octets: Octets
    ids: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int8]
    numbers: npt.NDArray[np.float64]
    forms: npt.NDArray[np.int8]

    @classmethod
    def of(cls, parsed: Parsed) -> Self:
        """Take parsed rows that the contract accepts."""
        rows = len(parsed.lines)
        categories = tuple(column for column in (*CATEGORIES, TARGET) if column in parsed.columns)
        texts = [each.encode() for each in parsed.columns[ID]]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        codes = [[_CODES[column][value] for value in parsed.columns[column]] for column in categories]
        numbers = [parsed.columns[column] for column in NUMBERS]
        forms = [[_FORM_CODES[form] for form in parsed.columns[f"{column}_form"]] for column in NUMBERS]
        return cls(
            categories,
            np.array(parsed.lines, dtype=np.int64),
            np.frombuffer(b"".join(texts), dtype=np.uint8),
            np.stack([ends[:-1], ends[1:]], axis=1),
            np.array(codes, dtype=np.int8).reshape(len(categories), rows).T.copy(),
            np.array(numbers, dtype=np.float64).reshape(len(NUMBERS), rows).T.copy(),
            np.array(forms, dtype=np.int8).reshape(len(NUMBERS), rows).T.copy(),
        )

    def __post_init__(self) -> None:
        """Make the octets read-only: for those that are not, numba would compile everything once more."""
        self.octets.flags.writeable = False

    def __len__(self) -> int:
        """Return N."""
        return len(self.lines)

    def count_ids(self, *prefixes: str) -> list[int]:
        """Count the ids that start with each ASCII prefix."""
        longest = max(map(len, prefixes))
        texts = np.frombuffer(
            "".join(each.ljust(longest, "\0") for each in prefixes).encode(), dtype=np.uint8
        )
        lengths = np.array([len(each) for each in prefixes], dtype=np.uint64)
        counts = np.zeros(len(prefixes), dtype=np.int64)
        _count_starts(self.octets, self.ids, texts.reshape(-1, longest), lengths, counts)
        return counts.tolist()

    def text_of_id(self, row: int) -> str:
        """Return a customer's id."""
        return self.octets[self.ids[row, 0] : self.ids[row, 1]].tobytes().decode()

    def joined_ids(self) -> bytes:
        """Return the ids one after the other, in UTF-8."""
        joined = np.empty(int((self.ids[:, 1] - self.ids[:, 0]).sum()), dtype=np.uint8)
        _join(self.octets, self.ids, joined)
        return joined.tobytes()

    def where(self, kept: npt.NDArray[np.bool_]) -> "Accepted":
        """Return those of them for whom `kept`, (N,), is true."""
        rows = np.count_nonzero(kept)
        columns = self.lines, self.ids, self.codes, self.numbers, self.forms
        lines, ids, codes, numbers, forms = (
            np.empty((rows, *column.shape[1:]), dtype=column.dtype) for column in columns
        )
        _pick(kept, *columns, lines, ids, codes, numbers, forms)
        return Accepted(self.categories, lines, self.octets, ids, codes, numbers, forms)

    def with_late(self, late: "Sequence[Accepted]") -> "Accepted":
        """Insert customers whose lines were read later; each part's lines follow those of the part before."""
        at = np.searchsorted(self.lines, np.concatenate([part.lines for part in late]))
        ends = np.cumsum([len(self.octets), *(len(part.octets) for part in late)])
        ids = [part.ids + end for part, end in zip(late, ends[:-1], strict=True)]
        return Accepted(
            self.categories,
            np.insert(self.lines, at, np.concatenate([part.lines for part in late])),
            np.concatenate([self.octets, *(part.octets for part in late)]),
            np.insert(self.ids, at, np.concatenate(ids), axis=0),
            np.insert(self.codes, at, np.concatenate([part.codes for part in late]), axis=0),
            np.insert(self.numbers, at, np.concatenate([part.numbers for part in late]), axis=0),
            np.insert(self.forms, at, np.concatenate([part.forms for part in late]), axis=0),
        )

    def frame(self) -> pd.DataFrame:
        """Return the parsed frame of `schemas.extract`, indexed by line; categories as categoricals."""
        columns: dict[str, Any] = {ID: pa.chunked_array([self._texts()]).to_pandas()}
        for k, column in enumerate(self.categories):
            columns[column] = categorical(self.codes[:, k], _CATEGORY_TYPES[column])
        for q, column in enumerate(NUMBERS):
            columns[column] = self.numbers[:, q]
            columns[f"{column}_form"] = categorical(self.forms[:, q], FORM_TYPE)
        frame = pd.DataFrame(columns)
        frame.index = pd.Index(self.lines)
        return frame

    def _texts(self) -> pa.StringArray:
        offsets = np.zeros(len(self) + 1, dtype=np.int32)
        np.cumsum(self.ids[:, 1] - self.ids[:, 0], out=offsets[1:])
        return pa.StringArray.from_buffers(len(self), pa.py_buffer(offsets), pa.py_buffer(self.joined_ids()))


def categorical(codes: npt.NDArray[np.int8], kind: pd.CategoricalDtype) -> pd.Categorical:
    """Make a categorical from (N,) codes that are known to be valid."""
    return pd.Categorical.from_codes(codes, dtype=kind, validate=False)


@compiled
def _join(octets: Octets, bounds: npt.NDArray[np.int64], out: Octets) -> None:
    at = np.uintp(0)
    for row in range(len(bounds)):
        for i in range(np.uintp(bounds[row, 0]), np.uintp(bounds[row, 1])):
            out[at] = octets[i]
            at += np.uintp(1)


@compiled
def _pick(  # noqa: PLR0913, PLR0917 five arrays and where they go, in one pass
    kept: npt.NDArray[np.bool_],
    lines: npt.NDArray[np.int64],
    ids: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int8],
    numbers: npt.NDArray[np.float64],
    forms: npt.NDArray[np.int8],
    to_lines: npt.NDArray[np.int64],
    to_ids: npt.NDArray[np.int64],
    to_codes: npt.NDArray[np.int8],
    to_numbers: npt.NDArray[np.float64],
    to_forms: npt.NDArray[np.int8],
) -> None:
    at = np.uintp(0)
    for row in range(np.uintp(len(kept))):
        if kept[row]:
            to_lines[at] = lines[row]
            to_ids[at, 0], to_ids[at, 1] = ids[row, 0], ids[row, 1]
            for k in range(np.uintp(codes.shape[1])):
                to_codes[at, k] = codes[row, k]
            for q in range(np.uintp(numbers.shape[1])):
                to_numbers[at, q], to_forms[at, q] = numbers[row, q], forms[row, q]
            at += np.uintp(1)


@compiled
def _count_starts(
    octets: Octets,
    bounds: npt.NDArray[np.int64],
    prefixes: Octets,
    lengths: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
) -> None:
    for row in range(np.uintp(len(bounds))):
        start, length = np.uintp(bounds[row, 0]), np.uintp(bounds[row, 1] - bounds[row, 0])
        for p in range(np.uintp(len(prefixes))):
            same = length >= lengths[p]
            for i in range(np.uintp(lengths[p])):
                same = same and octets[start + i] == prefixes[p, i]
            counts[p] += same
