"""The student as a graph. Customers are rows throughout, and its forward pass already has the slopes."""

import numpy as np

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import INPUT, OUTPUT
from tasks.core.training.arrays import Floats
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.export.ranking import columns_of_inputs, rank
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.student import Student


class StudentGraph:
    """Writes the nodes of a student's graph.

    Every unit z * sigmoid(z) is 0 at the reference customer, so the slope of its chord from there is
    sigmoid(z), the gate of the forward pass: the rescale rule (export/deeplift.py) needs no quotient.
    """

    def __init__(self, nodes: Nodes, model: Student, platt: Platt, spec: Spec) -> None:
        """Merge the calibration into the head."""
        self._nodes, self._spec = nodes, spec
        self._first, self._second, head = (each.detach().numpy().astype(np.float64) for each in model.weights)
        self._reference = np.array(spec.reference)
        self._head = head * platt.slope  # (1, 16)
        self._shift = model.head.bias.item() * platt.slope + platt.intercept

    def score(self) -> None:
        """Write the forward pass: probabilities (N,)."""
        first = self._constant("first.weight", self._first)
        at_reference = self._constant("first.reference", -self._first @ self._reference)
        z = self._nodes.add("Gemm", INPUT, first, at_reference, output="first.linear", transB=1)
        z = self._nodes.add(
            "MatMul",
            self._silu("first", z),
            self._constant("second.weight", self._second.T),
            output="second.linear",
        )
        head = self._constant("head.weight", self._head.T)
        raised = self._nodes.add("MatMul", self._silu("second", z), head, output="raised")
        shifted = self._nodes.add(
            "Add", raised, self._constant("head.shift", self._shift), output="logit.column"
        )
        logit = self._nodes.add(
            "Reshape", shifted, self._nodes.constant("customers", np.array([-1])), output="logit"
        )
        self._nodes.add("Sigmoid", logit, output=OUTPUT)

    def explain(self) -> tuple[str, str]:
        """Write the branch with contributions (N, C) and top reasons (N, 3); return their names.

        The contribution of the first column is the difference of the logits minus all others, which saves
        almost a quarter of the widest product.
        """
        nodes, spec = self._nodes, self._spec
        skipped, inputs = len(spec.encodings[0].feature_names), len(self._reference)
        chain = nodes.add("Mul", "second.gate", self._constant("head.row", self._head), output="second.chain")
        back = self._constant("second.back", self._second)
        passed = nodes.add("MatMul", chain, back, output="second.passed")
        chain = nodes.add("Mul", passed, "first.gate", output="first.chain")
        back = self._constant("first.back", self._first[:, skipped:])
        multiplier = nodes.add("MatMul", chain, back, output="multiplier")  # (N, F - skipped)
        others = nodes.add(
            "Slice",
            INPUT,
            nodes.constant("from_second_column", np.array([skipped])),
            nodes.constant("to_last_column", np.array([inputs])),
            nodes.constant("input_axis", np.array([1])),
            output="inputs.others",
        )
        base = self._constant("reference", self._reference[skipped:])
        change = nodes.add("Sub", others, base, output="inputs.change")
        shares = nodes.add("Mul", change, multiplier, output="inputs.shares")
        group = nodes.constant("columns", columns_of_inputs(spec, skip=1).T)
        rest = nodes.add("MatMul", shares, group, output="columns.others")
        minus = nodes.constant("minus_each", np.full((inputs - skipped, 1), -1, dtype=np.float32))
        left = nodes.add("Gemm", shares, minus, "raised", output="columns.first")
        found = nodes.add("Concat", left, rest, output="columns.found", axis=1)
        return found, rank(nodes, found, spec, columns_axis=1)

    def _silu(self, layer: str, z: str) -> str:
        return self._nodes.add(
            "Mul", z, self._nodes.add("Sigmoid", z, output=f"{layer}.gate"), output=f"{layer}.silu"
        )

    def _constant(self, name: str, value: Floats | float) -> str:
        return self._nodes.constant(name, np.asarray(value, dtype=np.float32))
