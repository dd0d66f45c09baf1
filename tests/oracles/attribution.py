"""References for a graph's contributions: the rescale rule implemented again, and exact Shapley values.

Both are computed one member at a time and share no code with the exported graph.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from schemas.columns import PROTECTED
from schemas.preprocessing import Spec
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble, Mlp
from tasks.core.training.network.student import HIDDEN, Student

Floats = npt.NDArray[np.float64]
LOW_COLUMNS = 11
"""Columns whose coalitions are scored in one go."""


def as_ensemble(student: Student) -> Ensemble:
    """Write a student as an ensemble of one perceptron, whose first biases hold the reference's part."""
    member = Mlp(d_in=len(student.reference), hidden=HIDDEN, dropout=0.0)
    first, second, head = member.linears
    for linear, weight in zip(member.linears, student.weights, strict=True):
        linear.weight.data = weight.data
    first.bias.data = -student.first.weight.data @ student.reference
    second.bias.data.zero_()
    head.bias.data = student.head.bias.data
    return Ensemble([member]).eval()


def rescale(model: Ensemble, platt: Platt, spec: Spec, matrix: npt.NDArray[np.float32]) -> Floats:
    """Return the rescale rule's contributions of the spec's columns to (N, F) customers' logits: (N, C).

    Source: Shrikumar et al. 2017, "Learning Important Features Through Propagating Activation
    Differences", section 3.5.1.
    """
    reference = np.array(spec.reference)
    total = np.zeros((len(matrix), len(spec.columns)))
    for member in model.members:
        x, base, slopes, weights = matrix.astype(np.float64), reference, [], []
        for linear in member.linears[:-1]:
            weight, bias = (tensor.detach().numpy().astype(np.float64) for tensor in linear.parameters())
            z, z_base = x @ weight.T + bias, weight @ base + bias
            x, base = (each / (1 + np.exp(-each)) for each in (z, z_base))
            gate = 1 / (1 + np.exp(-z_base))
            tangent = gate * (1 + z_base * (1 - gate))
            with np.errstate(invalid="ignore"):
                slopes.append(np.where(np.abs(z - z_base) < 1e-9, tangent, (x - base) / (z - z_base)))
            weights.append(weight)
        head = member.linears[-1].weight.detach().numpy().astype(np.float64)
        multiplier: Floats = np.broadcast_to(head, (len(matrix), head.shape[1]))
        for weight, slope in zip(weights[::-1], slopes[::-1], strict=True):
            multiplier = (multiplier * slope) @ weight
        shares = multiplier * (matrix - reference)
        total += np.stack([shares[:, a:b].sum(axis=1) for a, b in pairwise(_edges(spec))], axis=1)
    return total * platt.slope / len(model.members)


def shapley(model: Ensemble, platt: Platt, spec: Spec, row: npt.NDArray[np.float32]) -> Floats:
    """Return the exact Shapley values of the C columns for one (F,) customer's logit, in logits: (C,).

    The value of a coalition is the logit of a customer who has its columns of this one and the others
    of the reference customer. All 2^C are scored; the first layer is linear, so that a coalition's units
    are the sum of what two halves of the columns add to the reference's.

    Source: Lundberg & Lee 2017, "A Unified Approach to Interpreting Model Predictions", equation 4.
    """
    columns = len(spec.columns)
    low = min(LOW_COLUMNS, columns)
    change = row.astype(np.float64) - np.array(spec.reference)
    worth = np.zeros(2**columns)
    for member in model.members:
        first, *later, head = member.linears
        weight = first.weight.detach().numpy().astype(np.float64)
        added = np.stack([weight[:, a:b] @ change[a:b] for a, b in pairwise(_edges(spec))])  # (C, d_block)
        base = weight @ np.array(spec.reference) + first.bias.detach().numpy()
        of_low, of_high = (
            torch.tensor(part, dtype=torch.float32)
            for part in (_coalitions(low) @ added[:low] + base, _coalitions(columns - low) @ added[low:])
        )
        with torch.inference_mode():
            for i, high in enumerate(of_high):
                x = nn.functional.silu(of_low + high)
                for linear in later:
                    x = nn.functional.silu(linear(x))
                worth[i * 2**low : (i + 1) * 2**low] += head(x)[:, 0].numpy()
    return _values(worth * platt.slope / len(model.members), columns)


def _values(worth: Floats, columns: int) -> Floats:
    """Weight every coalition's value by the number of orderings that it represents."""
    size = _coalitions(columns).sum(axis=1).astype(int)
    orders = [math.factorial(s) * math.factorial(columns - 1 - s) for s in range(columns)]
    share = np.array([*orders, 0]) / math.factorial(columns)
    joined = np.where(size > 0, share[size - 1], 0) * worth  # as the coalition after the column joined
    left = share[size] * worth  # as the coalition before it joined
    both = (joined + left).reshape(-1)
    with_column = [both.reshape(-1, 2, 2**i)[:, 1].sum() for i in range(columns)]
    return np.array(with_column) - left.sum()


def _coalitions(columns: int) -> Floats:
    return ((np.arange(2**columns)[:, np.newaxis] >> np.arange(columns)) & 1).astype(np.float64)


def _edges(spec: Spec) -> list[int]:
    return [0, *accumulate(len(encoding.feature_names) for encoding in spec.encodings)]


def top_columns(contributions: Floats, columns: Sequence[str]) -> list[list[str]]:
    """Name each customer's at most three largest positive contributions, protected attributes left out."""
    order = np.argsort(-contributions, axis=1, kind="stable")
    return [
        [columns[i] for i in ranks if row[i] > 0 and columns[i] not in PROTECTED][:3]
        for row, ranks in zip(contributions, order, strict=True)
    ]


def overlap(found: list[str], truth: list[str]) -> float:
    """Return the share of columns in both lists, relative to the longer one; 1 if both are empty."""
    return len({*found} & {*truth}) / max(len(found), len(truth)) if found or truth else 1.0
