"""The one interpreter of the preprocessing spec, used in training and in scoring alike."""

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.preprocessing import CategoryEncoding, NumberEncoding, Spec
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
    _check_columns(frame, spec)
    matrix = np.empty((len(frame), len(spec.feature_names)), dtype=np.float32)
    numbers = [(_numbers(frame, number), np.array(number.edges), number) for number in spec.numbers]
    categories = [(*_category_codes(frame, category), category) for category in spec.categories]
    for start in range(0, len(frame), _TILE_ROWS):
        tile = slice(start, start + _TILE_ROWS)
        first = 0
        for x, edges, number in numbers:
            _write_number(x[tile], number.mean, number.scale, edges, matrix[tile], first)
            first += len(number.feature_names)
        for codes, positions, category in categories:
            width = len(category.encoded_values)
            _write_category(codes[tile], positions, len(category.values) - width, width, matrix[tile], first)
            first += width
    return matrix


@numba.njit(nogil=True, cache=True)
def _write_number(
    x: npt.NDArray[np.float64],
    mean: float,
    scale: float,
    edges: npt.NDArray[np.float64],
    matrix: npt.NDArray[np.float32],
    first: int,
) -> None:
    """Write a number's inputs, see `NumberEncoding`, into the columns from `first` on."""
    for row in range(len(x)):
        matrix[row, first] = (x[row] - mean) / scale
        for i in range(len(edges) - 1):
            share = (x[row] - edges[i]) / (edges[i + 1] - edges[i])
            matrix[row, first + 1 + i] = min(max(share, 0.0), 1.0)


@numba.njit(nogil=True, cache=True)
def _write_category(
    codes: npt.NDArray[np.integer],
    positions: npt.NDArray[np.int8],
    skipped: int,
    width: int,
    matrix: npt.NDArray[np.float32],
    first: int,
) -> None:
    """Write a category's 0/1 inputs, see `CategoryEncoding`, into the columns from `first` on."""
    for row in range(len(codes)):
        position = positions[codes[row]] - skipped
        for i in range(width):
            matrix[row, first + i] = position == i


def in_domain(frame: pd.DataFrame, spec: Spec) -> npt.NDArray[np.bool_]:
    """Tell which customers the training part covered: numbers in its range, categories seen in it.

    Args:
        frame: (N, *) customers with the spec's columns, as for `encode`.
        spec: What was seen in training.

    Returns:
        (N,) bool, in the frame's row order.

    Raises:
        BundleError: As for `encode`.
    """
    _check_columns(frame, spec)
    inside = np.ones(len(frame), dtype=np.bool_)
    for number in spec.numbers:
        x = _numbers(frame, number)
        inside &= (x >= number.low) & (x <= number.high)
    for category in spec.categories:
        codes, positions = _category_codes(frame, category)
        inside &= (positions >= 0).take(codes, mode="wrap")  # the last position is of code -1
    return inside


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


def _category_codes(
    frame: pd.DataFrame, encoding: CategoryEncoding
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.int8]]:
    """Look values up: (N,) codes of the distinct ones, and each code's position in `encoding.values`.

    A position is -1 where the value was not seen in training; the last one is of code -1, a missing value.
    """
    cells = frame[encoding.column]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        distinct, codes = cells.cat.categories, cells.cat.codes.to_numpy()
    else:
        codes, distinct = pd.factorize(cells)
    positions = [encoding.positions.get(value, -1) for value in distinct]
    return codes, np.array([*positions, -1], dtype=np.int8)
