"""The network as one ONNX graph: encoded inputs in, calibrated probabilities out."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from tasks.core.training.calibration import Platt
from tasks.core.training.model import Ensemble

OPSET: Final = 17
"""Version of the ONNX operators used, and of the format it came with: read by every runtime since 2022.

Source: onnx/docs/Versioning.md, released versions: ONNX 1.12 is IR 8 and opset 17.
"""

IR_VERSION: Final = 8
PRODUCER: Final = "telconova-churn"
INPUT: Final = "features"
OUTPUT: Final = "churn_probability"


def export(model: Ensemble, platt: Platt) -> bytes:
    """Write the graph node by node from the weights; the same weights are the same bytes.

    Members are separate branches, which onnxruntime runs faster than stacked matrices (docs/model.md).
    The graph is built here and not traced: it is a dozen nodes a member, and so holds nothing of an
    exporter's names, paths or stack traces. Dropout has no part in it.

    Shape of the graph:
        - Input ``features``: ``(N, F)`` float32, any N from 0 on,
        - Output ``churn_probability``: ``(N,)`` float32.

    Args:
        model: The fitted networks.
        platt: Calibration, applied to the logits inside the graph.

    Returns:
        A checked model in one piece, without external data.
    """
    d_in = model.members[0].linears[0].in_features
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: object) -> str:
        constants.append(numpy_helper.from_array(np.array(value), name))
        return name

    def node(operator: str, *inputs: str, output: str, **attributes: int) -> str:
        nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def linear(x: str, name: str, weight: Tensor, bias: Tensor, output: str) -> str:
        parameters = [
            constant(f"{name}.{part}", tensor.detach().numpy())
            for part, tensor in (("weight", weight), ("bias", bias))
        ]
        return node("Gemm", x, *parameters, output=output, transB=1)

    columns = []
    for m, member in enumerate(model.members):
        *hidden, head = member.linears
        x = INPUT
        for i, layer in enumerate(hidden):
            block = f"member_{m}.block_{i}"
            z = linear(x, block, layer.weight, layer.bias, f"{block}.linear")
            x = node(
                "Mul", z, node("Sigmoid", z, output=f"{block}.gate"), output=f"{block}.silu"
            )  # (N, d_block)
        columns.append(linear(x, f"member_{m}.head", head.weight, head.bias, f"member_{m}.logit"))  # (N, 1)
    column = node("Mean", *columns, output="logit_column")
    logit = node("Squeeze", column, constant("last_axis", np.array([1])), output="logit")  # (N,)
    scaled = node("Mul", logit, constant("platt.slope", np.float32(platt.slope)), output="platt.scaled")
    shifted = node(
        "Add", scaled, constant("platt.intercept", np.float32(platt.intercept)), output="platt.shifted"
    )
    node("Sigmoid", shifted, output=OUTPUT)

    graph = helper.make_graph(
        nodes,
        name="churn",
        inputs=[helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", d_in])],
        outputs=[helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N"])],
        initializer=constants,
    )
    proto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
    )
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))
