"""Explain a customer's risk by DeepLIFT's rescale rule, written as ordinary layers of the graph.

A unit that maps z to a(z) propagates a contribution with the slope of the chord between the reference
customer and this one, (a(z) - a(z_ref)) / (z - z_ref). Multiplied from the logit back to the inputs,
these slopes distribute the difference of the two logits over the inputs with no remainder.

Source: Shrikumar, Greenside & Kundaje 2017, "Learning Important Features Through Propagating
Activation Differences", section 3.5.1 (the rescale rule) and 3.2 (summation to delta).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import INPUT
from tasks.core.training.arrays import Floats
from tasks.core.training.export.layers import Activation, Layers
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.export.ranking import columns_of_inputs, rank

SMALLEST_SLOPE, LARGEST_SLOPE = np.float32(-0.0999), np.float32(1.0999)
"""Bounds of SiLU's derivative, and so of every chord's slope (mean value theorem), rounded outwards.

A chord is never steeper, but a computed one can be when z and z_ref nearly coincide and their
difference is mostly rounding. Clipping takes one pass; a numerically stable quotient would take four.
"""

OFF_THE_CURVE: Final = 2.0**-21
"""The reference's a is shifted by this share of z, so that z = z_ref does not give 0 / 0.

It must exceed the runtime's error: onnxruntime's z * sigmoid(z) is off by at most 1.95e-7 of z (measured
over -30 to 30). The quotient is then infinite, and clipped.
"""


@dataclass(frozen=True, kw_only=True)
class HiddenLayer:
    """Names of a hidden layer's units in the graph, before and after SiLU.

    The first layer's are (M * d_block, N), the others' (M, d_block, N).
    """

    z: str
    a: str


def explain(
    nodes: Nodes, layers: Layers, hidden: list[HiddenLayer], raised: str, spec: Spec
) -> tuple[str, str]:
    """Write the branch with contributions (N, C) and top reasons (N, 3); return their names.

    Args:
        nodes: Collects the nodes.
        layers: The weights.
        hidden: All hidden layers of the graph.
        raised: The (1, N) logit before the shift is added.
        spec: Columns and reference customer.
    """
    reference = np.array(spec.reference)
    activations = layers.activations(reference)
    weights = [*layers.weights[:-1], layers.weights[-1] * layers.head[:, :, np.newaxis]]
    chain = _slopes(nodes, weights, hidden, activations)  # (M * d_block, N)
    first, inputs = len(spec.encodings[0].feature_names), len(reference)

    # One multiplier per input, except for those of the first column: its contribution is the difference
    # of the logits minus all others. That saves almost a quarter of the widest product.
    back = weights[0].reshape(-1, inputs)[:, first:].T.astype(np.float32)
    multiplier = nodes.add("MatMul", nodes.constant("inputs.back", back), chain, output="multiplier")
    others = nodes.add(
        "Slice",
        nodes.add("Transpose", INPUT, output="inputs", perm=[1, 0]),
        nodes.constant("from_second_column", np.array([first])),
        nodes.constant("to_last_column", np.array([inputs])),
        nodes.constant("rows", np.array([0])),
        output="inputs.others",
    )
    base = nodes.constant("reference", reference[first:, np.newaxis].astype(np.float32))
    change = nodes.add("Sub", others, base, output="inputs.change")
    shares = nodes.add("Mul", change, multiplier, output="inputs.shares")  # (F - first, N)
    group = nodes.constant("columns", columns_of_inputs(spec, skip=1))
    rest = nodes.add("MatMul", group, shares, output="columns.others")

    at_reference = np.float32((layers.head * activations[-1].a).sum())
    difference = nodes.add("Sub", raised, nodes.constant("head.reference", at_reference), output="difference")
    minus = nodes.constant("minus_each", np.full((1, inputs - first), -1, dtype=np.float32))
    left = nodes.add("Gemm", minus, shares, difference, output="columns.first")
    found = nodes.add("Concat", left, rest, output="columns.all", axis=0)  # (C, N)
    contributions = nodes.add("Transpose", found, output="columns.found", perm=[1, 0])
    top = rank(nodes, found, spec, columns_axis=0)
    return contributions, nodes.add("Transpose", top, output="top.found", perm=[1, 0])


def _slopes(
    nodes: Nodes, weights: list[Floats], hidden: list[HiddenLayer], activations: tuple[Activation, ...]
) -> str:
    """Multiply slopes and weights from the last hidden layer back to the first: (M * d_block, N)."""
    bounds = [nodes.constant("slope.low", SMALLEST_SLOPE), nodes.constant("slope.high", LARGEST_SLOPE)]

    def slope(i: int) -> str:
        shape = (-1, 1) if i == 0 else (*activations[i].z.shape, 1)
        z, a = (each.reshape(shape) for each in (activations[i].z, activations[i].a))
        shifted = a - OFF_THE_CURVE * np.maximum(np.abs(z), OFF_THE_CURVE)
        layer, block = hidden[i], f"block_{i}"
        from_z = nodes.constant(f"{block}.reference", z.astype(np.float32))
        from_a = nodes.constant(f"{block}.reference_silu", shifted.astype(np.float32))
        rise = nodes.add("Sub", layer.a, from_a, output=f"{block}.rise")
        run = nodes.add("Sub", layer.z, from_z, output=f"{block}.run")
        return nodes.add(
            "Clip", nodes.add("Div", rise, run, output=f"{block}.chord"), *bounds, output=f"{block}.slope"
        )

    chain = slope(len(hidden) - 1)
    for i in range(len(hidden) - 1, 0, -1):
        back = nodes.constant(f"block_{i}.back", weights[i].swapaxes(1, 2).astype(np.float32))
        passed = nodes.add("MatMul", back, chain, output=f"block_{i}.passed")
        if i == 1:
            together = nodes.constant("units_together", np.array([activations[0].z.size, -1]))
            passed = nodes.add("Reshape", passed, together, output="passed")
        chain = nodes.add("Mul", passed, slope(i - 1), output=f"block_{i - 1}.chain")
    return chain
