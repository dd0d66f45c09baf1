"""Aggregate contributions by column over the holdout, and show them for a few made-up customers."""

from typing import Final

import numpy as np
import pandas as pd

from schemas.evidence import ColumnWeight, Reasons, WorkedExample
from schemas.preprocessing import Examples
from tasks.core.bundle.bundle_files import EXAMPLES, Staged
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model

SHOWN: Final = slice(1, 4)
"""Examples to plot: recent, no phone, no internet; all are made up."""


def explained(candidate: Staged, holdout: pd.DataFrame) -> Reasons:
    """Explain (N, *) holdout customers, N >= 1, and the bundle's examples with the staged files."""
    model, spec = Model(candidate.onnx), candidate.spec
    means = np.abs(model.contributions(encode(holdout, spec))).mean(axis=0, dtype=np.float64)
    reference = np.array([spec.reference], dtype=np.float32)
    examples = Examples.model_validate_json((candidate.folder / EXAMPLES).read_bytes())
    return Reasons(
        reference_probability=float(model.probability(reference)[0]),
        columns=tuple(
            ColumnWeight(column=spec.columns[i], mean_contribution=round(float(means[i]), 4))
            for i in np.argsort(-means, kind="stable")
        ),
        examples=tuple(
            WorkedExample(
                row=example.row,
                probability=example.probability,
                contributions=dict(
                    sorted(
                        zip(examples.columns, example.contributions, strict=True), key=lambda each: -each[1]
                    )
                ),
                reasons=example.reasons,
            )
            for example in examples.examples[SHOWN]
        ),
    )
