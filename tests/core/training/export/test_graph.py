from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tasks.core.training.export.graph import IR_VERSION, OPSET, PRODUCER, export
from tasks.core.training.network.calibration import Platt, calibrated_probability
from tasks.core.training.network.mlp import Ensemble, Mlp

PLATT = Platt(slope=0.9, intercept=-0.5)


OUTPUTS = ["churn_probability", "contributions", "top_reasons"]


def _run(data: bytes, matrix: Any, *, with_reasons: bool = False) -> Any:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found = session.run(OUTPUTS, {"features": matrix, "with_reasons": np.array(with_reasons)})
    return found if with_reasons else found[0]


@pytest.mark.parametrize("n", [0, 1, 2, 7_043])
def test_runtime_agrees_with_torch(ensemble: Ensemble, encoded: Any, n: int) -> None:
    """For any number of customers the graph gives torch's probabilities within 1e-5."""
    rng = np.random.default_rng(0)
    matrix = encoded.x_train[rng.integers(0, len(encoded.x_train), n)]
    found = _run(export(ensemble, PLATT, encoded.spec), matrix)
    expected = calibrated_probability(ensemble, PLATT, matrix)

    assert found.shape == expected.shape == (n,)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max(initial=0) <= 1e-5


@pytest.mark.parametrize("hidden", [(128, 64), (8, 8, 8, 8)])
def test_runtime_agrees_on_far_out_inputs(encoded: Any, hidden: tuple[int, ...]) -> None:
    """Other depths, and inputs far outside the training range agree too, and stay finite."""
    model = Ensemble([Mlp(d_in=encoded.x_train.shape[1], hidden=hidden, dropout=0.5) for _ in range(2)])
    matrix = np.random.default_rng(0).normal(0, 100, (500, encoded.x_train.shape[1])).astype(np.float32)
    found = _run(export(model, PLATT, encoded.spec), matrix)

    assert np.isfinite(found).all()
    assert np.abs(found - calibrated_probability(model, PLATT, matrix)).max() <= 1e-5


@pytest.mark.parametrize("n", [0, 1, 2, 700])
def test_reasons_change_no_probability(ensemble: Ensemble, encoded: Any, n: int) -> None:
    """With reasons the probabilities are the same bits; without them no row is explained."""
    data = export(ensemble, PLATT, encoded.spec)
    matrix = np.resize(encoded.x_holdout, (n, encoded.x_holdout.shape[1]))
    probability, contributions, top = _run(data, matrix, with_reasons=True)

    assert probability.tobytes() == _run(data, matrix).tobytes()
    assert (contributions.shape, contributions.dtype) == ((n, len(encoded.spec.columns)), np.float32)
    assert (top.shape, top.dtype) == ((n, 3), np.int64)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    without = session.run(OUTPUTS, {"features": matrix, "with_reasons": np.array(False)})
    assert [len(each) for each in without] == [n, 0, 0]


def test_calibration_is_inside(ensemble: Ensemble, encoded: Any) -> None:
    """Another calibration gives other probabilities: nothing is left to do outside the graph."""
    one, other = (
        _run(export(ensemble, Platt(slope=1.0, intercept=shift), encoded.spec), encoded.x_holdout)
        for shift in (0, 1)
    )

    assert (one < other).all()


def test_same_model_is_the_same_bytes(ensemble: Ensemble, encoded: Any) -> None:
    """Exporting twice gives one hash."""
    assert export(ensemble, PLATT, encoded.spec) == export(ensemble, PLATT, encoded.spec)


def test_graph_is_plain_and_self_contained(ensemble: Ensemble, encoded: Any) -> None:
    """Named inputs and outputs, no external data, no dropout, no text of an exporter, versions recorded."""
    model = onnx.load_from_string(export(ensemble, PLATT, encoded.spec))
    inputs, outputs = (
        [
            (value.name, [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim])
            for value in values
        ]
        for values in (model.graph.input, model.graph.output)
    )
    operators = {node.op_type for node in model.graph.node}

    columns = len(encoded.spec.columns)
    assert inputs == [("features", ["N", encoded.x_train.shape[1]]), ("with_reasons", [])]
    assert outputs == [
        ("churn_probability", ["N"]),
        ("contributions", ["explained", columns]),
        ("top_reasons", ["explained", 3]),
    ]
    assert operators == {"Gemm", "MatMul", "Add", "Sigmoid", "Mul", "Reshape", "If"}
    assert not any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer)
    assert not model.metadata_props
    assert not any(node.doc_string or node.metadata_props for node in model.graph.node)
    assert (model.ir_version, model.opset_import[0].version, model.producer_name) == (
        IR_VERSION,
        OPSET,
        PRODUCER,
    )
