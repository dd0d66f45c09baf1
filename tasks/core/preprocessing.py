"""The one interpreter of the preprocessing spec, used in training and in scoring alike."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.preprocessing import NumberEncoding, Spec
from tasks.core.errors import BundleError

_TILE_ROWS = 8_192
"""Rows that are encoded at a time, so that they stay in the cache."""


def encode(frame: pd.DataFrame, spec: Spec) -> npt.NDArray[np.float32]:
    """Encode accepted customers as the model's inputs; the index is ignored, the row order kept.

    Everything is computed in float64 and becomes float32 in one place, when it is written into
    the matrix.

    Args:
        frame: (N, *) customers with the spec's columns: categories as text, numbers as float64.
        spec: How each column is encoded.

    Returns:
        (N, F) float32, C-contiguous, columns in the order of `spec.feature_names`.

    Raises:
        BundleError: The frame lacks a column of the spec, or a number that must not be blank is.
    """
    return _encoded(_columns_of(frame, spec), spec)


def encode_with_domain(
    frame: pd.DataFrame, spec: Spec
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Encode customers, and tell whom the training part covered: numbers in its range, categories seen.

    Args:
        frame: (N, *) customers, as for `encode`.
        spec: How each column is encoded, and what was seen in training.

    Returns:
        The inputs of `encode`, (N, F) float32, and (N,) bool, both in the frame's row order.

    Raises:
        BundleError: As for `encode`.
    """
    columns = _columns_of(frame, spec)
    return _encoded(columns, spec), _inside(columns, spec)


class _Columns(NamedTuple):
    """N customers by column: (Q, N) finite `numbers`, and (K, N) `codes` of categories.

    The value of a code, from -1 on, has its position in `encoding.values` at
    `positions[starts[k] + 1 + code]`; -1 was not seen in training.
    """

    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.integer]
    positions: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


def _encoded(columns: _Columns, spec: Spec) -> npt.NDArray[np.float32]:
    matrix = np.empty((columns.numbers.shape[1], len(spec.feature_names)), dtype=np.float32)
    scales = np.array([(number.mean, number.scale) for number in spec.numbers])
    edges = [number.edges for number in spec.numbers]
    inputs = [(len(each.values), len(each.encoded_values)) for each in spec.categories]
    _write(
        columns,
        scales,
        np.concatenate(edges),
        _starts(edges),
        np.array(inputs, dtype=np.int64).reshape(-1, 2),
        matrix,
    )
    return matrix


def _inside(columns: _Columns, spec: Spec) -> npt.NDArray[np.bool_]:
    inside = np.empty(columns.numbers.shape[1], dtype=np.bool_)
    ranges = np.array([(number.low, number.high) for number in spec.numbers])
    _compare(columns, ranges, inside)
    return inside


@numba.njit(nogil=True, cache=True)
def _write(
    columns: _Columns,
    scales: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    edge_starts: npt.NDArray[np.int64],
    inputs: npt.NDArray[np.int64],
    matrix: npt.NDArray[np.float32],
) -> None:
    """Write the (N, F) inputs, see `NumberEncoding` and `CategoryEncoding`, in one call for all columns.

    Many short calls would each have to wait for Python's lock. `scales` are mean and scale by number,
    `inputs` how many values and how many inputs a category has.
    """
    for start in range(0, len(matrix), _TILE_ROWS):
        stop = min(start + _TILE_ROWS, len(matrix))
        at = 0
        for q in range(len(columns.numbers)):
            first, bins = edge_starts[q], edge_starts[q + 1] - edge_starts[q] - 1
            for row in range(start, stop):
                x = columns.numbers[q, row]
                matrix[row, at] = (x - scales[q, 0]) / scales[q, 1]
                for i in range(bins):
                    left, right = edges[first + i], edges[first + i + 1]
                    matrix[row, at + 1 + i] = min(max((x - left) / (right - left), 0.0), 1.0)
            at += 1 + bins
        for k in range(len(columns.codes)):
            values, width = inputs[k]
            skipped, first = values - width, columns.starts[k] + 1
            for row in range(start, stop):
                position = columns.positions[first + columns.codes[k, row]] - skipped
                for i in range(width):
                    matrix[row, at + i] = position == i
            at += width


@numba.njit(nogil=True, cache=True)
def _compare(columns: _Columns, ranges: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]) -> None:
    for row in range(len(inside)):
        seen = True
        for q in range(len(columns.numbers)):
            seen &= ranges[q, 0] <= columns.numbers[q, row] <= ranges[q, 1]
        for k in range(len(columns.codes)):
            seen &= columns.positions[columns.starts[k] + 1 + columns.codes[k, row]] >= 0
        inside[row] = seen


def _columns_of(frame: pd.DataFrame, spec: Spec) -> _Columns:
    _check_columns(frame, spec)
    codes: list[npt.NDArray[np.integer]] = [np.empty((0, len(frame)), dtype=np.int8)]
    positions = []
    for category in spec.categories:
        of_rows, distinct = _category_codes(frame[category.column])
        codes.append(of_rows)
        positions.append([-1, *(category.positions.get(value, -1) for value in distinct)])
    return _Columns(
        np.stack([_numbers(frame, number) for number in spec.numbers]),
        np.vstack(codes),
        np.array([each for column in positions for each in column], dtype=np.int64),
        _starts(positions),
    )


def _starts(columns: Sequence[Sequence[float]]) -> npt.NDArray[np.int64]:
    return np.array([0, *accumulate(map(len, columns))], dtype=np.int64)


def _check_columns(frame: pd.DataFrame, spec: Spec) -> None:
    wanted = [encoding.column for encoding in spec.encodings]
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise BundleError(
            f"preprocessing.json: every column of the spec must be among the customers' columns; "
            f"got none of the name {', '.join(map(repr, missing))}. Score extracts of the contract only."
        )


def _numbers(frame: pd.DataFrame, encoding: NumberEncoding) -> npt.NDArray[np.float64]:
    """Take a number column with its blanks filled in: (N,) float64, finite."""
    x = frame[encoding.column].to_numpy(dtype=np.float64)
    if encoding.blank is not None:
        x = np.where(np.isnan(x), encoding.blank, x)
    not_finite = np.count_nonzero(~np.isfinite(x))
    if not_finite:
        raise BundleError(
            f"preprocessing.json: column {encoding.column!r} must be a finite number; got {not_finite} "
            f"customer(s) without one. Score accepted customers only."
        )
    return x


def _category_codes(cells: "pd.Series[Any]") -> tuple[npt.NDArray[np.integer], pd.Index]:
    """Give (N,) codes of the distinct values, -1 for a missing one, and these values."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), cells.cat.categories
    return pd.factorize(cells)
