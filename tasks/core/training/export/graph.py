"""Export the networks as one ONNX graph: encoded inputs in, calibrated probabilities and reasons out."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import CONTRIBUTIONS, INPUT, OUTPUT, SWITCH, TOP_REASONS
from tasks.core.training.export.deeplift import HiddenLayer, empty_explanation, explain
from tasks.core.training.export.layers import Layers, stack
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble

OPSET: Final = 17
"""ONNX operator set, and the IR version released with it; every runtime since 2022 reads them.

Source: onnx/docs/Versioning.md, released versions: ONNX 1.12 is IR 8 and opset 17.
"""

IR_VERSION: Final = 8
PRODUCER: Final = "telconova-churn"


def export(model: Ensemble, platt: Platt, spec: Spec) -> bytes:
    """Build the graph node by node from the weights; the same weights give the same bytes.

    Customers are columns, and the units of all members are rows: a unit's constant then applies to a
    whole row of customers, which onnxruntime computes several times faster than the transpose
    (docs/model.md). The graph is built rather than traced: it has about forty nodes, and contains none
    of an exporter's names, paths or stack traces. Dropout is omitted.

    Shape of the graph:
        - Input ``features``: ``(N, F)`` float32, N >= 0,
        - Input ``with_reasons``: bool; if false, the last two outputs have no rows and cost nothing,
        - Output ``churn_probability``: ``(N,)`` float32,
        - Output ``contributions``: ``(N, C)`` float32, logits, one per CRM column in the order of
          `spec.encodings`; they sum to the customer's logit minus the reference customer's,
        - Output ``top_reasons``: ``(N, 3)`` int64, the columns that raise the risk most, strongest first;
          never protected attributes, and -1 if there are fewer than three.

    Args:
        model: The fitted networks.
        platt: Calibration, applied to the logits inside the graph.
        spec: Inputs by column, and the reference customer.

    Returns:
        A checked, self-contained model without external data.
    """
    layers = stack(model, platt)
    nodes = Nodes()
    hidden, raised = _score(nodes, layers)
    score = nodes.take()
    then = _branch(nodes, "with_reasons", explain(nodes, layers, hidden, raised, spec))
    other = _branch(nodes, "without_reasons", empty_explanation(nodes, spec))
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


def _branch(nodes: Nodes, name: str, outputs: tuple[str, str]) -> onnx.GraphProto:
    types = zip(outputs, (TensorProto.FLOAT, TensorProto.INT64), strict=True)
    return helper.make_graph(
        nodes.take(), name, [], [helper.make_tensor_value_info(output, kind, None) for output, kind in types]
    )
