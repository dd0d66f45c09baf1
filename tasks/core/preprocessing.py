"""The one interpreter of the preprocessing spec, used in training and in scoring alike."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.preprocessing import CategoryEncoding, NumberEncoding, Spec
from tasks.core.errors import BundleError


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
    start = 0
    for encoding in spec.encodings:
        stop = start + len(encoding.feature_names)
        if isinstance(encoding, NumberEncoding):
            _encode_number(frame, encoding, out=matrix[:, start:stop])
        else:
            codes = _category_codes(frame, encoding)
            first = len(encoding.values) - len(encoding.encoded_values)
            matrix[:, start:stop] = codes[:, np.newaxis] == np.arange(first, len(encoding.values))
        start = stop
    return matrix


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
        inside &= _category_codes(frame, category) >= 0
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


def _encode_number(frame: pd.DataFrame, encoding: NumberEncoding, *, out: npt.NDArray[np.float32]) -> None:
    x = _numbers(frame, encoding)
    out[:, 0] = (x - encoding.mean) / encoding.scale
    for i, (left, right) in enumerate(pairwise(encoding.edges), start=1):
        out[:, i] = np.clip((x - left) / (right - left), 0.0, 1.0)


def _category_codes(frame: pd.DataFrame, encoding: CategoryEncoding) -> npt.NDArray[np.intp]:
    """Look up each value's position in `encoding.values`: (N,) integers, -1 if not seen in training."""
    values, positions = zip(*encoding.positions.items(), strict=True)
    found = pd.Index(values).get_indexer(pd.Index(frame[encoding.column]))
    return np.where(found >= 0, np.array(positions)[found], -1)
