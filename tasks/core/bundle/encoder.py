"""Apply the preprocessing spec; the same code serves training and scoring."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.preprocessing import NumberEncoding, Spec
from tasks.core.compiled import compiled
from tasks.core.errors import BundleError

_ROWS_AT_ONCE: Final = 8_192
"""Rows encoded per call, few enough to stay in the CPU cache."""


class Columns(NamedTuple):
    """N customers by column: (Q, N) finite `numbers`, and (K, N) `codes` of categories.

    `positions[starts[k] + 1 + code]` is the position of a code (from -1 on) in `encoding.values`,
    or -1 if its value was not seen in training.
    """

    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.integer]
    positions: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @property
    def rows(self) -> int:
        """N."""
        return int(self.numbers.shape[1])


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
        codes: list[npt.NDArray[np.integer]] = [np.empty((0, len(frame)), dtype=np.int8)]
        positions = []
        for category in spec.categories:
            of_rows, distinct = _category_codes(frame[category.column])
            codes.append(of_rows)
            positions.append([-1, *(category.positions.get(value, -1) for value in distinct)])
        return Columns(
            np.stack([_numbers(frame, number) for number in spec.numbers]),
            np.vstack(codes),
            np.array([each for column in positions for each in column], dtype=np.int64),
            _starts(positions),
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
    rows, at = len(matrix), 0
    for q in range(len(columns.numbers)):
        own = edges[edge_starts[q] : edge_starts[q + 1]]
        bins = len(own) - 1
        for row in range(rows):
            x = columns.numbers[q, start + row]
            matrix[row, at] = (x - scales[q, 0]) / scales[q, 1]
            inputs, full = matrix[row, at + 1 : at + 1 + bins], 0
            for i in range(bins):  # at most one bin is neither full nor empty
                beyond = x >= own[i + 1]
                inputs[i] = beyond
                full += beyond
            if full < bins:
                inputs[full] = max((x - own[full]) / (own[full + 1] - own[full]), 0.0)
        at += 1 + bins
    for k in range(len(columns.codes)):
        values, width = widths[k]
        skipped, first = values - width, columns.starts[k] + 1
        for row in range(rows):
            position = columns.positions[first + columns.codes[k, start + row]] - skipped
            for i in range(width):
                matrix[row, at + i] = position == i
        at += width


@compiled
def _compare(columns: Columns, ranges: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]) -> None:
    for row in range(len(inside)):
        seen = True
        for q in range(len(columns.numbers)):
            seen &= ranges[q, 0] <= columns.numbers[q, row] <= ranges[q, 1]
        for k in range(len(columns.codes)):
            seen &= columns.positions[columns.starts[k] + 1 + columns.codes[k, row]] >= 0
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


def _numbers(frame: pd.DataFrame, encoding: NumberEncoding) -> npt.NDArray[np.float64]:
    """Return a number column with its blanks filled in: (N,) float64, finite."""
    x = frame[encoding.column].to_numpy(dtype=np.float64)
    if encoding.blank is not None:
        x = np.where(np.isnan(x), encoding.blank, x)
    not_finite = np.count_nonzero(~np.isfinite(x))
    if not_finite:
        raise BundleError(
            f"preprocessing.json: column {encoding.column!r} has non-finite values for {not_finite}"
            " customer(s). Score accepted customers only."
        )
    return x


def _category_codes(cells: "pd.Series[Any]") -> tuple[npt.NDArray[np.integer], pd.Index]:
    """Return (N,) codes, -1 for a missing value, and the distinct values they refer to."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), cells.cat.categories
    return pd.factorize(cells)
