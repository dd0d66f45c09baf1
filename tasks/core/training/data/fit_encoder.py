"""Fit the preprocessing spec to the training part, and to nothing else."""

from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES, NO_INTERNET, NO_PHONE, NUMBERS, PROTECTED
from schemas.config import EncodingConfig
from schemas.preprocessing import CategoryEncoding, NumberEncoding, Spec
from tasks.core.bundle.encoder import encode

BLANKS = {"TotalCharges": 0.0}
"""Values used for blanks: a customer in the first month has not been charged yet."""

MERGED = {NO_INTERNET: "No", NO_PHONE: "No"}
"""Values treated as another: the parent column already says that the service is missing."""


def fit_spec(training: pd.DataFrame, config: EncodingConfig) -> Spec:
    """Fit means, scales, quantile edges, ranges and values; the row order does not matter.

    Args:
        training: (N, *) accepted customers of the training part, N >= 1.
        config: Number of bins, and whether protected attributes are inputs.
    """
    left_out = () if config.protected_attributes else PROTECTED
    numbers = [_fit_number(training[column], config.bins) for column in NUMBERS]
    categories = [_fit_category(training[column]) for column in CATEGORIES if column not in left_out]
    return _with_reference(numbers, categories, training)


def _with_reference(
    numbers: list[NumberEncoding], categories: list[CategoryEncoding], training: pd.DataFrame
) -> Spec:
    """Record the average customer, input by input, as the reference for reasons.

    With the most frequent values as reference, `Month-to-month` could never be a reason (docs/model.md).
    """
    parts: dict[str, Any] = {"format_version": 1, "unknown_category": "zeros"}
    draft = Spec.model_construct(numbers=tuple(numbers), categories=tuple(categories), **parts)
    matrix = np.sort(encode(training, draft), axis=0)  # a float sum depends on the order of its terms
    means = iter(matrix.mean(axis=0, dtype=np.float64).astype(np.float32).tolist())
    parts |= {
        name: tuple(
            encoding.model_copy(update={"reference": tuple(islice(means, len(encoding.feature_names)))})
            for encoding in encodings
        )
        for name, encodings in (("numbers", draft.numbers), ("categories", draft.categories))
    }
    return Spec(**parts)


def _fit_number(values: "pd.Series[float]", bins: int) -> NumberEncoding:
    column = str(values.name)
    blank = BLANKS.get(column)
    x = values.to_numpy(dtype=np.float64)
    if blank is not None:
        x = np.where(np.isnan(x), blank, x)
    x = np.sort(x)  # a float sum depends on the order of its terms
    low, high = float(x[0]), float(x[-1])
    varies = low < high
    return NumberEncoding(
        column=column,
        mean=float(np.clip(x.mean(), low, high)),
        scale=float(x.std()) if varies else 1.0,
        blank=blank,
        edges=tuple(np.unique(np.quantile(x, np.linspace(0.0, 1.0, bins + 1))).tolist()),
        reference=(),
        low=low,
        high=high,
    )


def _fit_category(values: "pd.Series[str]") -> CategoryEncoding:
    column = str(values.name)
    seen = set(values.replace(MERGED))
    merged = {value: MERGED[value] for value in CATEGORIES[column] if value in MERGED}
    return CategoryEncoding(
        column=column,
        merged={value: target for value, target in merged.items() if target in seen},
        values=tuple(value for value in CATEGORIES[column] if value in seen),
        reference=(),
    )
