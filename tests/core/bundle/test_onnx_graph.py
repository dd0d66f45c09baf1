"""A model that reads other files, or that we could not have exported, is refused before it is loaded."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper, numpy_helper

from tasks.core.bundle import onnx_graph
from tasks.core.bundle.onnx_graph import OPERATORS, refuse_unsafe
from tasks.core.bundle.onnx_model import INPUT, Model
from tasks.core.errors import BundleError
from tests.harness.home import Home

OUTSIDE = "model.onnx keeps weights in other files"
NOT_OURS = "model.onnx has operators that the product does not export"


@pytest.fixture
def model(trained_home: Home) -> ModelProto:
    """Parse the champion's model."""
    assert trained_home.champion is not None
    return onnx.load_from_string(trained_home.champion.onnx)


def graphs(graph: GraphProto) -> list[GraphProto]:
    """List a graph and those within it."""
    inner = [a.g for node in graph.node for a in node.attribute if a.type == AttributeProto.GRAPH]
    return [graph, *(each for found in inner for each in graphs(found))]


def outside(tensor: TensorProto) -> TensorProto:
    """Let a tensor lie in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def a_tensor() -> TensorProto:
    """Make a tensor."""
    return numpy_helper.from_array(np.ones(3, dtype=np.float32), "w")


def in_initializer(model: ModelProto) -> None:
    """Move a weight of the graph out."""
    outside(model.graph.initializer[0])


def in_inner_initializer(model: ModelProto) -> None:
    """Move a weight of an inner graph out."""
    graphs(model.graph)[1].initializer.append(outside(a_tensor()))


def in_attribute(model: ModelProto) -> None:
    """Move the tensor of a node out."""
    model.graph.node[0].attribute.append(helper.make_attribute("value", outside(a_tensor())))


def in_attributes(model: ModelProto) -> None:
    """Move one of several tensors of a node in an inner graph out."""
    node = graphs(model.graph)[-1].node[0]
    node.attribute.append(helper.make_attribute("values", [a_tensor(), outside(a_tensor())]))


def in_sparse(model: ModelProto) -> None:
    """Move the values of a sparse weight out."""
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(outside(a_tensor()))
    sparse.indices.CopyFrom(a_tensor())
    sparse.dims.append(3)


def in_sparse_indices(model: ModelProto) -> None:
    """Move the indices of a node's sparse tensor out."""
    sparse = onnx.SparseTensorProto()
    sparse.values.CopyFrom(a_tensor())
    sparse.indices.CopyFrom(outside(a_tensor()))
    model.graph.node[0].attribute.append(helper.make_attribute("sparse_value", sparse))


def only_location(model: ModelProto) -> None:
    """Say that a weight is elsewhere, without where."""
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def only_external_data(model: ModelProto) -> None:
    """Say where a weight is, without that it is there."""
    model.graph.initializer[0].external_data.add(key="location", value="weights.bin")


@pytest.mark.parametrize(
    "move_out",
    [in_initializer, in_inner_initializer, in_attribute, in_attributes, in_sparse, in_sparse_indices,
     only_location, only_external_data],
)  # fmt: skip
def test_weights_in_other_files_are_refused(
    move_out: Callable[[ModelProto], None], model: ModelProto
) -> None:
    """Wherever a tensor may stand in a model, also where the runtime would not look."""
    move_out(model)

    with pytest.raises(BundleError, match=OUTSIDE):
        Model(model.SerializeToString())


def test_weights_beside_the_bundle_are_not_read(
    model: ModelProto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the current folder, which the runtime itself would take, changes nothing."""
    weight = model.graph.initializer[0]
    (tmp_path / "weights.bin").write_bytes(weight.raw_data)
    outside(weight)
    monkeypatch.chdir(tmp_path)
    ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])  # it does

    with pytest.raises(BundleError, match=OUTSIDE):
        Model(model.SerializeToString())


def constant_of_shape(model: ModelProto) -> None:
    """Add a constant of 200 GB."""
    shape = numpy_helper.from_array(np.array([50 * 10**9], dtype=np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["huge"]))


def in_inner_graph(model: ModelProto) -> None:
    """Add one within an inner graph."""
    graphs(model.graph)[-1].node.append(helper.make_node("Expand", ["a", "b"], ["huge"]))


def of_another_domain(model: ModelProto) -> None:
    """Add an operator of ours by another's domain."""
    model.graph.node.append(helper.make_node("Gemm", [INPUT], ["other"], domain="com.microsoft"))


@pytest.mark.parametrize("add", [constant_of_shape, in_inner_graph, of_another_domain])
def test_operators_that_are_not_exported_are_refused(
    add: Callable[[ModelProto], None], model: ModelProto
) -> None:
    """One that could take any amount of memory from a few bytes is among them."""
    add(model)

    with pytest.raises(BundleError, match=NOT_OURS):
        Model(model.SerializeToString())


def test_functions_and_training_parts_are_refused(model: ModelProto) -> None:
    """They may hold operators and weights too."""
    model.functions.add(name="f", domain="x")
    with pytest.raises(BundleError, match="functions or a training part"):
        refuse_unsafe(model.SerializeToString())
    del model.functions[:]
    model.training_info.add()
    with pytest.raises(BundleError, match="functions or a training part"):
        refuse_unsafe(model.SerializeToString())


def test_graphs_within_graphs_have_an_end(model: ModelProto) -> None:
    """Twenty of them are refused in one line."""
    inner = GraphProto(name="g")
    for _ in range(20):
        node = helper.make_node("If", ["c"], ["o"], then_branch=inner)
        inner = helper.make_graph([node], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["o"], then_branch=inner))

    with pytest.raises(BundleError, match="graphs within each other"):
        refuse_unsafe(model.SerializeToString())


def test_a_large_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of bytes and the limit are in the line."""
    monkeypatch.setattr(onnx_graph, "MOST_BYTES", 1_000)
    with pytest.raises(BundleError, match=r"has 1,001 bytes; expected at most 1,000\."):
        refuse_unsafe(b"\0" * 1_001)


@pytest.mark.parametrize(
    "data",
    [b"\x3a\x05a", b"\x80", b"\x80" * 11, b"\x0b", b"\x0d\0", b"\xba\x80\x80\x80\x10\x00"],
    ids=["cut", "key cut", "key too long", "group", "number cut", "key beyond 32 bits"],
)
def test_bytes_that_readers_may_understand_differently_are_refused(data: bytes) -> None:
    """Nothing that this check cannot read to its end reaches the runtime."""
    with pytest.raises(BundleError, match="cannot be read as a model"):
        refuse_unsafe(data)


def test_what_we_export_passes_and_uses_all_listed_operators(model: ModelProto) -> None:
    """The list holds what is exported and no more; fields that we do not know are skipped."""
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(a_tensor())
    sparse.dims.append(3)
    used = {node.op_type for graph in graphs(model.graph) for node in graph.node}

    assert used == OPERATORS
    refuse_unsafe(model.SerializeToString() + b"\x99\x7d" + b"\0" * 8 + b"\x9d\x7d" + b"\0" * 4)


def test_a_model_that_needs_too_much_memory_ends_in_one_line(model: ModelProto) -> None:
    """Two weights that are spread over each other to a petabyte are refused by the runtime, and said so."""
    side = 2**22
    for name, shape in (("row", (1, side)), ("column", (side, 1))):
        weight = numpy_helper.from_array(np.ones(shape, dtype=np.int8), name)
        model.graph.initializer.append(weight)
    model.graph.node.append(helper.make_node("Add", ["row", "column"], ["huge"]))

    with pytest.raises(BundleError, match=r"model\.onnx cannot be (loaded|run) by onnxruntime") as error:
        _score(model.SerializeToString())
    assert error.value.__suppress_context__


def _score(data: bytes) -> None:
    loaded = Model(data)
    loaded.probability(np.zeros((1, loaded.inputs), dtype=np.float32))
