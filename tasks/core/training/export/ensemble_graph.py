"""The ensemble as a graph. Customers are columns, and the units of all members are rows.

A unit's constant then applies to a whole row of customers, which onnxruntime computes several times faster
than the transpose (docs/model.md).
"""

import numpy as np

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import INPUT, OUTPUT
from tasks.core.training.export.deeplift import HiddenLayer, explain
from tasks.core.training.export.layers import Layers, stack
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble


class EnsembleGraph:
    """Writes the nodes of an ensemble's graph."""

    def __init__(self, nodes: Nodes, model: Ensemble, platt: Platt, spec: Spec) -> None:
        """Stack the members' layers."""
        self._nodes, self._spec = nodes, spec
        self._layers = stack(model, platt)
        self._hidden: list[HiddenLayer] = []
        self._raised = ""

    def score(self) -> None:
        """Write the forward pass: probabilities (N,)."""
        self._hidden, self._raised = _score(self._nodes, self._layers)

    def explain(self) -> tuple[str, str]:
        """Write the branch with contributions (N, C) and top reasons (N, 3); return their names."""
        return explain(self._nodes, self._layers, self._hidden, self._raised, self._spec)


def _score(nodes: Nodes, layers: Layers) -> tuple[list[HiddenLayer], str]:
    """Write the forward pass; return the hidden layers and the (1, N) logit before the shift."""
    members = len(layers.head)
    x, hidden = INPUT, []
    for i, (weight, bias) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        block, d_in = f"block_{i}", weight.shape[-1]
        if i == 0:  # all members read the same inputs, so one product is enough: (M * d_out, N)
            w = nodes.constant(f"{block}.weight", weight.reshape(-1, d_in).astype(np.float32))
            b = nodes.constant(f"{block}.bias", bias.reshape(-1, 1).astype(np.float32))
            z = nodes.add("Gemm", w, x, b, output=f"{block}.linear", transB=1)
        else:  # (M, d_out, N)
            if i == 1:
                x = nodes.add(
                    "Reshape",
                    x,
                    nodes.constant("members_apart", np.array([members, d_in, -1])),
                    output="members",
                )
            w = nodes.constant(f"{block}.weight", weight.astype(np.float32))
            b = nodes.constant(f"{block}.bias", bias[:, :, np.newaxis].astype(np.float32))
            z = nodes.add(
                "Add", nodes.add("MatMul", w, x, output=f"{block}.product"), b, output=f"{block}.linear"
            )
        x = nodes.add("Mul", z, nodes.add("Sigmoid", z, output=f"{block}.gate"), output=f"{block}.silu")
        hidden.append(HiddenLayer(z=z, a=x))
    flat = nodes.constant("members_together", np.array([layers.head.size, -1]))
    head = nodes.constant("head.weight", layers.head.reshape(1, -1).astype(np.float32))
    raised = nodes.add("MatMul", head, nodes.add("Reshape", x, flat, output="last"), output="head.product")
    shift = nodes.constant("head.shift", np.float32(layers.shift))
    column = nodes.add("Reshape", raised, nodes.constant("customers", np.array([-1])), output="head.raised")
    nodes.add("Sigmoid", nodes.add("Add", column, shift, output="logit"), output=OUTPUT)
    return hidden, raised
