"""Export a network as one ONNX graph: encoded inputs in, calibrated probabilities and reasons out."""

from typing import Final

import onnx
from onnx import TensorProto, helper

from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import CONTRIBUTIONS, INPUT, OUTPUT, SWITCH, TOP_REASONS
from tasks.core.training.export.ensemble_graph import EnsembleGraph
from tasks.core.training.export.nodes import Nodes
from tasks.core.training.export.ranking import empty_explanation
from tasks.core.training.export.student_graph import StudentGraph
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble
from tasks.core.training.network.student import Student

OPSET: Final = 17
"""ONNX operator set, and the IR version released with it; every runtime since 2022 reads them.

Source: onnx/docs/Versioning.md, released versions: ONNX 1.12 is IR 8 and opset 17.
"""

IR_VERSION: Final = 8
PRODUCER: Final = "telconova-churn"


def export(model: Student | Ensemble, platt: Platt, spec: Spec) -> bytes:
    """Build the graph node by node from the weights; the same weights give the same bytes.

    The graph is built rather than traced: it has twenty to forty nodes, and contains none of an
    exporter's names, paths or stack traces. Dropout is omitted.

    Shape of the graph:
        - Input ``features``: ``(N, F)`` float32, N >= 0,
        - Input ``with_reasons``: bool; if false, the last two outputs have no rows and cost nothing,
        - Output ``churn_probability``: ``(N,)`` float32,
        - Output ``contributions``: ``(N, C)`` float32, logits, one per CRM column in the order of
          `spec.encodings`; they sum to the customer's logit minus the reference customer's,
        - Output ``top_reasons``: ``(N, 3)`` int64, the columns that raise the risk most, strongest first;
          never protected attributes, and -1 if there are fewer than three.

    Args:
        model: The fitted network.
        platt: Calibration, applied to the logits inside the graph.
        spec: Inputs by column, and the reference customer.

    Returns:
        A checked, self-contained model without external data.
    """
    nodes = Nodes()
    if isinstance(model, Student):
        graph: StudentGraph | EnsembleGraph = StudentGraph(nodes, model, platt, spec)
    else:
        graph = EnsembleGraph(nodes, model, platt, spec)
    graph.score()
    score = nodes.take()
    then = _branch(nodes, "with_reasons", graph.explain())
    other = _branch(nodes, "without_reasons", empty_explanation(nodes, spec))
    nodes.add_if(SWITCH, [CONTRIBUTIONS, TOP_REASONS], then=then, other=other)
    proto = helper.make_model(
        helper.make_graph(
            score + nodes.take(),
            name="churn",
            inputs=[
                helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", len(spec.feature_names)]),
                helper.make_tensor_value_info(SWITCH, TensorProto.BOOL, []),
            ],
            outputs=[
                helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N"]),
                helper.make_tensor_value_info(
                    CONTRIBUTIONS, TensorProto.FLOAT, ["explained", len(spec.encodings)]
                ),
                helper.make_tensor_value_info(TOP_REASONS, TensorProto.INT64, ["explained", 3]),
            ],
            initializer=nodes.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
    )
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def _branch(nodes: Nodes, name: str, outputs: tuple[str, str]) -> onnx.GraphProto:
    types = zip(outputs, (TensorProto.FLOAT, TensorProto.INT64), strict=True)
    return helper.make_graph(
        nodes.take(), name, [], [helper.make_tensor_value_info(output, kind, None) for output, kind in types]
    )
