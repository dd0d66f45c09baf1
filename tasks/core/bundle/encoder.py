"""Apply the preprocessing spec; the same code serves training and scoring."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import NUMBERS
from schemas.preprocessing import CategoryEncoding, NumberEncoding, Spec
from tasks.core.compiled import compiled
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.vocabulary import VOCABULARY
from tasks.core.errors import BundleError

_ROWS_AT_ONCE: Final = 8_192
"""Rows encoded per call, few enough to stay in the CPU cache."""


class Columns(NamedTuple):
    """N customers by column: (N, Q) finite `numbers`, and (N, K) `codes` of categories.

    `positions[starts[k] + 1 + code]` is the position of a code (from -1 on) in `encoding.values`,
    or -1 if its value was not seen in training. `picked` is each category's column of `codes`.
    """

    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.integer]
    positions: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    picked: npt.NDArray[np.int64]

    @property
    def rows(self) -> int:
        """N."""
        return len(self.numbers)


class Encoder:
    """Encodes customers by one spec: extract their `columns` once, then `encode` slices of them."""

    def __init__(self, spec: Spec) -> None:
        """Turn the spec into arrays."""
        edges = [number.edges for number in spec.numbers]
        widths = [(len(each.values), len(each.encoded_values)) for each in spec.categories]
        self._spec = spec
        self.inputs = len(spec.feature_names)
        self._scales = np.array([(number.mean, number.scale) for number in spec.numbers])
        self._edges, self._edge_starts = np.concatenate(edges), _starts(edges)
        self._widths = np.array(widths, dtype=np.int64).reshape(-1, 2)
        self._ranges = np.array([(number.low, number.high) for number in spec.numbers])

    def columns(self, frame: pd.DataFrame) -> Columns:
        """Extract the spec's columns from (N, *) accepted customers: categories as text, numbers as float64.

        The index is ignored, and the row order is kept.

        Raises:
            BundleError: The frame lacks a column in the spec, or has a blank where none is allowed.
        """
        spec = self._spec
        _check_columns(frame, spec)
        codes: list[npt.NDArray[np.integer]] = []
        positions = []
        for category in spec.categories:
            of_rows, distinct = _category_codes(frame[category.column])
            codes.append(of_rows)
            positions.append(_positions(category, distinct))
        numbers = [frame[number.column].to_numpy(dtype=np.float64) for number in spec.numbers]
        return Columns(
            _filled(np.stack(numbers, axis=1), spec.numbers),
            np.stack(codes, axis=1) if codes else np.empty((len(frame), 0), dtype=np.int8),
            np.array([each for column in positions for each in column], dtype=np.int64),
            _starts(positions),
            np.arange(len(spec.categories)),
        )

    def columns_of(self, customers: Accepted) -> Columns:
        """Find the spec's columns in N accepted customers, in order; see `columns`."""
        spec = self._spec
        positions = [_positions(category, VOCABULARY[category.column]) for category in spec.categories]
        numbers = customers.numbers[:, [NUMBERS.index(number.column) for number in spec.numbers]]
        picked = [customers.categories.index(category.column) for category in spec.categories]
        return Columns(
            _filled(np.ascontiguousarray(numbers), spec.numbers),
            customers.codes,
            np.array([each for column in positions for each in column], dtype=np.int64),
            _starts(positions),
            np.array(picked, dtype=np.int64),
        )

    def encode(self, columns: Columns, start: int, matrix: npt.NDArray[np.float32]) -> None:
        """Write the inputs of n rows, from `start` on, into a C-contiguous (n, F) matrix in the spec's order.

        Everything is computed in float64 and rounded to float32 once, when written into the matrix.
        """
        _write(columns, start, self._scales, self._edges, self._edge_starts, self._widths, matrix)

    def in_domain(self, columns: Columns) -> npt.NDArray[np.bool_]:
        """Return who is in the training domain, (N,): numbers in its range and categories seen."""
        inside = np.empty(columns.rows, dtype=np.bool_)
        _compare(columns, self._ranges, inside)
        return inside


def encode(frame: pd.DataFrame, spec: Spec) -> npt.NDArray[np.float32]:
    """Encode (N, *) accepted customers as the model's inputs; see `Encoder`.

    Returns:
        (N, F) float32, C-contiguous, columns in the order of `spec.feature_names`.

    Raises:
        BundleError: The frame lacks a column in the spec, or has a blank where none is allowed.
    """
    encoder = Encoder(spec)
    matrix = np.empty((len(frame), len(spec.feature_names)), dtype=np.float32)
    columns = encoder.columns(frame)
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        encoder.encode(columns, start, matrix[start : start + _ROWS_AT_ONCE])
    return matrix


@compiled
def _write(
    columns: Columns,
    start: int,
    scales: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    edge_starts: npt.NDArray[np.int64],
    widths: npt.NDArray[np.int64],
    matrix: npt.NDArray[np.float32],
) -> None:
    """Write (N, F) inputs from row `start` on, see `NumberEncoding` and `CategoryEncoding`.

    One call handles all columns, as many short calls would each wait for the GIL. `scales` holds mean
    and scale for each number, `widths` the number of values and of inputs for each category.
    """
    one = np.uintp(1)
    for row in range(np.uintp(len(matrix))):
        at, customer = np.uintp(0), np.uintp(start) + row
        for i in range(np.uintp(matrix.shape[1])):
            matrix[row, i] = 0
        for q in range(np.uintp(columns.numbers.shape[1])):
            x = columns.numbers[customer, q]
            matrix[row, at] = (x - scales[q, 0]) / scales[q, 1]
            at += one
            first, bins = np.uintp(edge_starts[q]), np.uintp(edge_starts[q + one] - edge_starts[q]) - one
            full = np.uintp(0)
            for i in range(bins):  # at most one bin is neither full nor empty
                beyond = x >= edges[first + i + one]
                matrix[row, at + i] = beyond
                full += np.uintp(beyond)
            if full < bins:
                left, right = edges[first + full], edges[first + full + one]
                matrix[row, at + full] = max((x - left) / (right - left), 0.0)
            at += bins
        for k in range(np.uintp(len(columns.picked))):
            values, width = widths[k, 0], widths[k, 1]
            code = columns.codes[customer, np.uintp(columns.picked[k])]
            position = columns.positions[np.uintp(columns.starts[k] + 1 + code)] - (values - width)
            if position >= 0:
                matrix[row, at + np.uintp(position)] = 1
            at += np.uintp(width)


@compiled
def _compare(columns: Columns, ranges: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]) -> None:
    for row in range(len(inside)):
        seen = True
        for q in range(columns.numbers.shape[1]):
            seen &= ranges[q, 0] <= columns.numbers[row, q] <= ranges[q, 1]
        for k in range(len(columns.picked)):
            seen &= columns.positions[columns.starts[k] + 1 + columns.codes[row, columns.picked[k]]] >= 0
        inside[row] = seen


def _starts(columns: Sequence[Sequence[float]]) -> npt.NDArray[np.int64]:
    return np.array([0, *accumulate(map(len, columns))], dtype=np.int64)


def _check_columns(frame: pd.DataFrame, spec: Spec) -> None:
    wanted = [encoding.column for encoding in spec.encodings]
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise BundleError(
            f"preprocessing.json: the customers lack columns in the spec: {', '.join(map(repr, missing))}."
            " Score only customers that meet the data contract."
        )


def _filled(numbers: npt.NDArray[np.float64], encodings: Sequence[NumberEncoding]) -> npt.NDArray[np.float64]:
    """Fill in the blanks of (N, Q) numbers, which are finite then."""
    for q, encoding in enumerate(encodings):
        x = numbers[:, q]
        if encoding.blank is not None:
            x[np.isnan(x)] = encoding.blank
        not_finite = np.count_nonzero(~np.isfinite(x))
        if not_finite:
            raise BundleError(
                f"preprocessing.json: column {encoding.column!r} has non-finite values for {not_finite}"
                " customer(s). Score accepted customers only."
            )
    return numbers


def _positions(category: CategoryEncoding, values: Iterable[str]) -> list[int]:
    """Return the position of a missing value, and of each of these, in an encoding's values."""
    known = category.positions
    return [-1, *(known.get(value, -1) for value in values)]


def _category_codes(cells: "pd.Series[Any]") -> tuple[npt.NDArray[np.integer], pd.Index]:
    """Return (N,) codes, -1 for a missing value, and the distinct values they refer to."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), cells.cat.categories
    return pd.factorize(cells)
