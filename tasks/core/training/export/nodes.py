"""Collect ONNX nodes and constants."""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper


class Nodes:
    """Collects the nodes of a graph, or of a branch of it; the branches share the constants."""

    def __init__(self) -> None:
        """Start empty."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    @property
    def constants(self) -> list[onnx.TensorProto]:
        """All constants so far."""
        return list(self._constants.values())

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Store an array under a name, keeping its dtype; return the name."""
        self._constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def add(self, operator: str, *inputs: str, output: str, **attributes: object) -> str:
        """Append a node with one output; return the output's name."""
        self._nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def add_top(self, scores: str, count: str, *, values: str, indices: str, axis: int) -> None:
        """Append a TopK along an axis of a matrix: largest first, ties in order."""
        node = helper.make_node("TopK", [scores, count], [values, indices], name=indices, axis=axis)
        self._nodes.append(node)

    def add_if(
        self, condition: str, outputs: list[str], *, then: onnx.GraphProto, other: onnx.GraphProto
    ) -> None:
        """Append a choice between two branches."""
        node = helper.make_node("If", [condition], outputs, then_branch=then, else_branch=other)
        self._nodes.append(node)

    def take(self) -> list[onnx.NodeProto]:
        """Return the nodes so far and start again."""
        nodes, self._nodes = self._nodes, []
        return nodes
