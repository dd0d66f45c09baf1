"""Compare the exported model in onnxruntime with the trained one in torch."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from torch import nn

from schemas.reports import Parity
from tasks.core.bundle.onnx_model import Model
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import predict_logits

PARITY_BATCHES = (0, 1, 2, 7_043)
"""Batch sizes: none, one, two, and the size of the reference extract."""


def measure_parity(
    model: nn.Module,
    platt: Platt,
    onnx: bytes,
    matrix: npt.NDArray[np.float32],
    batches: Iterable[int] = PARITY_BATCHES,
) -> Parity:
    """Compare torch with onnxruntime on every row of (N, F) and on batches of the given sizes."""
    expected = expit(platt.slope * predict_logits(model, torch.from_numpy(matrix)).numpy() + platt.intercept)
    sizes = tuple(batches)
    differences = []
    runtime = Model(onnx)
    for size in (len(matrix), *sizes):
        rows = np.resize(np.arange(len(matrix)), size)
        differences.append(np.abs(runtime.probability(matrix[rows]) - expected[rows]).max(initial=0.0))
    largest = float(np.max(differences))
    return Parity(
        rows=len(matrix), batch_sizes=sizes, max_difference=largest if np.isfinite(largest) else None
    )
