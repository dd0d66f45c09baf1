"""Rank contributions: the columns that raise a customer's risk most, or no explanation at all."""

import numpy as np
from onnx import TensorProto

from schemas.columns import PROTECTED
from schemas.preprocessing import Spec
from tasks.core.bundle.onnx_model import REASONS_GIVEN
from tasks.core.training.export.nodes import Nodes


def rank(nodes: Nodes, contributions: str, spec: Spec, *, columns_axis: int) -> str:
    """Rank the contributions that raise the risk, without protected attributes.

    Args:
        nodes: Collects the nodes.
        contributions: Name of a matrix with the C columns of the CRM on the axis `columns_axis`.
        spec: Columns.
        columns_axis: 0 for (C, N), 1 for (N, C).

    Returns:
        Name of a matrix of column numbers, (3, N) or (N, 3), -1 where no further column raises the risk.
    """
    allowed = np.array([encoding.column not in PROTECTED for encoding in spec.encodings], dtype=np.float32)
    factor = nodes.constant("allowed", np.expand_dims(allowed, 1 - columns_axis))
    ranked = nodes.add("Mul", contributions, factor, output="ranked")
    count = nodes.constant("reasons", np.array([REASONS_GIVEN]))
    nodes.add_top(ranked, count, values="top.value", indices="top.index", axis=columns_axis)
    zero, one = nodes.constant("nothing", np.float32(0)), nodes.constant("one", np.int64(1))
    raises = nodes.add("Greater", "top.value", zero, output="top.raises")
    counted = nodes.add("Cast", raises, output="top.counted", to=TensorProto.INT64)
    # (index + 1) * counted - 1: the index where it raises the risk, and -1 elsewhere
    shifted = nodes.add("Add", "top.index", one, output="top.shifted")
    kept = nodes.add("Mul", shifted, counted, output="top.kept")
    return nodes.add("Sub", kept, one, output="top")


def empty_explanation(nodes: Nodes, spec: Spec) -> tuple[str, str]:
    """Write the branch without explanations: contributions (0, C) and top reasons (0, 3)."""
    contributions = nodes.constant("none", np.zeros((0, len(spec.encodings)), dtype=np.float32))
    top = nodes.constant("no_top", np.zeros((0, REASONS_GIVEN), dtype=np.int64))
    return (
        nodes.add("Identity", contributions, output="none.found"),
        nodes.add("Identity", top, output="no_top.found"),
    )


def columns_of_inputs(spec: Spec, *, skip: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Sum inputs into columns, without the first `skip` of both: (C - skip, F - inputs of these)."""
    sizes = [len(encoding.feature_names) for encoding in spec.encodings[skip:]]
    return np.repeat(np.eye(len(sizes), dtype=np.float32), sizes, axis=1)
