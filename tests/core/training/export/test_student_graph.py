from typing import Any

import numpy as np
import onnx
import pytest
import torch

from schemas.columns import PROTECTED
from tasks.core.bundle.onnx_graph import OPERATORS
from tasks.core.bundle.onnx_model import Model
from tasks.core.training.export.graph import export
from tasks.core.training.network.calibration import Platt, calibrated_probability
from tasks.core.training.network.mlp import predict_logits
from tasks.core.training.network.student import Student
from tests.oracles.attribution import as_ensemble, rescale, shapley, top_columns

PLATT = Platt(slope=0.9, intercept=-0.5)


@pytest.fixture(scope="module")
def student(encoded: Any) -> Student:
    """Draw a student that is as far from linear as a fitted one."""
    torch.manual_seed(3)
    drawn = Student(encoded.spec.reference).eval()
    for weight in drawn.weights:
        weight.data *= 2
    return drawn


@pytest.fixture(scope="module")
def graph(student: Student, encoded: Any) -> Model:
    """Export it."""
    return Model(export(student, PLATT, encoded.spec))


def test_the_same_student_gives_the_same_bytes(student: Student, encoded: Any) -> None:
    """The graph holds nothing but the weights, and only operators that a reader of bundles allows."""
    data = export(student, PLATT, encoded.spec)
    proto = onnx.load_from_string(data)
    branches = [
        attribute.g for node in proto.graph.node for attribute in node.attribute if attribute.HasField("g")
    ]
    operators = {node.op_type for each in (proto.graph, *branches) for node in each.node}

    assert data == export(student, PLATT, encoded.spec)
    assert operators <= OPERATORS
    assert {"Div", "Clip", "Transpose"}.isdisjoint(operators)


@pytest.mark.parametrize("n", [0, 1, 2, 7_043])
def test_runtime_agrees_with_torch(student: Student, graph: Model, encoded: Any, n: int) -> None:
    """For any number of customers it gives torch's probabilities within 1e-5, with reasons or without."""
    matrix = np.resize(encoded.x_train, (n, encoded.x_train.shape[1]))
    probability, top = graph.reasons(matrix)

    assert np.abs(probability - calibrated_probability(student, PLATT, matrix)).max(initial=0) <= 1e-5
    assert probability.tobytes() == graph.probability(matrix).tobytes()
    assert top.shape == (n, 3)


def test_runtime_agrees_on_far_out_inputs(student: Student, graph: Model, encoded: Any) -> None:
    """Inputs far outside the training range agree, too, and stay finite."""
    matrix = np.random.default_rng(0).normal(0, 100, (500, encoded.x_train.shape[1])).astype(np.float32)
    found = graph.probability(matrix)

    assert np.isfinite(found).all()
    assert np.isfinite(graph.contributions(matrix)).all()
    assert np.abs(found - calibrated_probability(student, PLATT, matrix)).max() <= 1e-5


def test_contributions_are_the_rescale_rules(student: Student, graph: Model, encoded: Any) -> None:
    """Column by column they are what the rule gives in float64, without the rounding of a quotient."""
    expected = rescale(as_ensemble(student), PLATT, encoded.spec, encoded.x_holdout)

    assert np.abs(graph.contributions(encoded.x_holdout) - expected).max() < 1e-5


def test_contributions_sum_to_the_difference_in_the_logit(
    student: Student, graph: Model, encoded: Any
) -> None:
    """Nothing is left over: they sum to the logit minus the reference customer's, within 1e-4."""
    logit, base = (
        PLATT.slope * predict_logits(student, x).numpy().astype(np.float64)
        for x in (torch.tensor(encoded.x_holdout), torch.tensor([encoded.spec.reference]))
    )
    found = graph.contributions(encoded.x_holdout).sum(axis=1, dtype=np.float64)

    assert np.abs(found - (logit - base)).max() <= 1e-4


def test_top_reasons_are_the_largest_contributions(graph: Model, encoded: Any) -> None:
    """Three columns that raise the risk, in order; fewer where fewer do; protected ones never."""
    columns = encoded.spec.columns
    contributions, (_, top) = graph.contributions(encoded.x_holdout), graph.reasons(encoded.x_holdout)

    assert [[columns[i] for i in row if i >= 0] for row in top] == top_columns(contributions, columns)
    assert (contributions[:, [columns.index(column) for column in PROTECTED]] > 0).any()


def test_the_reference_customer_has_no_reason(graph: Model, encoded: Any) -> None:
    """The average customer's contributions are 0 but for rounding."""
    average = np.array([encoded.spec.reference], dtype=np.float32)

    assert np.abs(graph.contributions(average)).max() < 1e-5


def test_the_oracle_is_the_same_network(student: Student, encoded: Any) -> None:
    """Seen as an ensemble of one, it has the same logits, and so the same exact Shapley values."""
    x = torch.tensor(encoded.x_holdout)
    plain = as_ensemble(student)
    exact = shapley(plain, PLATT, encoded.spec, encoded.x_holdout[0])
    logit, base = (
        PLATT.slope * predict_logits(student, each).item()
        for each in (x[:1], torch.tensor([encoded.spec.reference]))
    )

    assert torch.allclose(predict_logits(plain, x), predict_logits(student, x), atol=1e-5)
    assert exact.sum() == pytest.approx(logit - base, abs=1e-4)
