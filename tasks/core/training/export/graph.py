"""The networks as one ONNX graph: encoded inputs in, calibrated probabilities and reasons out."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import CONTRIBUTIONS, INPUT, OUTPUT, SWITCH, TOP_REASONS
from tasks.core.training.export.deeplift import HiddenLayer, explain, explain_nobody
from tasks.core.training.export.layers import Layers, stack
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble

OPSET: Final = 17
"""Version of the ONNX operators used, and of the format it came with: read by every runtime since 2022.

Source: onnx/docs/Versioning.md, released versions: ONNX 1.12 is IR 8 and opset 17.
"""

IR_VERSION: Final = 8
PRODUCER: Final = "telconova-churn"


def export(model: Ensemble, platt: Platt, spec: Spec) -> bytes:
    """Write the graph node by node from the weights; the same weights are the same bytes.

    Customers are columns and the members' units rows, of all members together: a unit's constant then
    meets a whole row of customers, which onnxruntime does several times faster than a row of constants
    (docs/model.md). The graph is built here and not traced: it is some forty nodes, and so holds nothing
    of an exporter's names, paths or stack traces. Dropout has no part in it.

    Shape of the graph:
        - Input ``features``: ``(N, F)`` float32, any N from 0 on,
        - Input ``with_reasons``: bool; without, the two outputs below have no rows and cost nothing,
        - Output ``churn_probability``: ``(N,)`` float32,
        - Output ``contributions``: ``(N, C)`` float32, logits, a CRM column each in the order of
          `spec.encodings`; they sum to the customer's logit minus the reference customer's,
        - Output ``top_reasons``: ``(N, 3)`` int64, the columns that raise the risk most, the first one
          most; protected attributes are no reasons, and -1 stands where nothing more raises it.

    Args:
        model: The fitted networks.
        platt: Calibration, applied to the logits inside the graph.
        spec: Which inputs are of which column, and the reference customer.

    Returns:
        A checked model in one piece, without external data.
    """
    layers = stack(model, platt)
    nodes = Nodes()
    hidden, raised = _score(nodes, layers)
    score = nodes.take()
    then = _branch(nodes, "with_reasons", explain(nodes, layers, hidden, raised, spec))
    other = _branch(nodes, "without_reasons", explain_nobody(nodes, spec))
    nodes.add_if(SWITCH, [CONTRIBUTIONS, TOP_REASONS], then=then, other=other)
    columns = len(spec.encodings)
    graph = helper.make_graph(
        score + nodes.take(),
        name="churn",
        inputs=[
            helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", len(spec.feature_names)]),
            helper.make_tensor_value_info(SWITCH, TensorProto.BOOL, []),
        ],
        outputs=[
            helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info(CONTRIBUTIONS, TensorProto.FLOAT, ["explained", columns]),
            helper.make_tensor_value_info(TOP_REASONS, TensorProto.INT64, ["explained", 3]),
        ],
        initializer=nodes.constants,
    )
    proto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
    )
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def _score(nodes: Nodes, layers: Layers) -> tuple[list[HiddenLayer], str]:
    """Write the forward pass; give each hidden layer's units and the (1, N) logit without its shift."""
    members = len(layers.head)
    x, hidden = INPUT, []
    for i, (weight, bias) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        block, d_in = f"block_{i}", weight.shape[-1]
        if i == 0:  # every member reads the same inputs, so one product serves all: (M * d_out, N)
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


def _branch(nodes: Nodes, name: str, outputs: tuple[str, str]) -> onnx.GraphProto:
    types = zip(outputs, (TensorProto.FLOAT, TensorProto.INT64), strict=True)
    return helper.make_graph(
        nodes.take(), name, [], [helper.make_tensor_value_info(output, kind, None) for output, kind in types]
    )
