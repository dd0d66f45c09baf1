"""Refuse a model that could read other files or run operators of others, before a runtime loads it.

The bundle's seal covers model.onnx alone, so all weights must be in it; and only the operators that our
own export uses are run. The bytes are walked as Protocol Buffers, since scoring does without `onnx`.
"""

from collections.abc import Iterator
from typing import Final

from tasks.core.errors import BundleError

MOST_BYTES: Final = 512 * 2**20
"""Of model.onnx: two thousand times that of the default networks."""

OPERATORS: Final = frozenset({
    "Add", "Cast", "Clip", "Concat", "Div", "Gemm", "Greater", "Identity", "If", "MatMul", "Mul", "Reshape",
    "Sigmoid", "Slice", "Sub", "TopK", "Transpose",
})  # fmt: skip
"""Operators of the exported graph. They do not limit memory: each Concat of a chain can double its input."""

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LARGEST_KEY: Final = 2**32 - 1
_WIDTHS: Final = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST_VARINT, _LOW_BITS = 10, 0x7F
_MOST_DEPTH: Final = 8

_GRAPH_OF_MODEL: Final = 7
_NODES, _INITIALIZERS, _SPARSE_INITIALIZERS = 1, 5, 15
_KNOWN_OF_GRAPH: Final = {_INITIALIZERS: "tensor", _SPARSE_INITIALIZERS: "sparse"}
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_OF_ATTRIBUTE: Final = {5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"}
_OF_SPARSE: Final = (1, 2)
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_FUNCTIONS, _TRAINING = 25, 20
"""Field numbers of ModelProto, GraphProto, NodeProto, AttributeProto, SparseTensorProto and TensorProto.

Source: onnx/onnx.proto of ONNX 1.12.
"""


class _MalformedError(Exception):
    """The bytes are no Protocol Buffers message."""


def refuse_unsafe(onnx: bytes) -> None:
    """Check a serialised model; whether it is valid otherwise is for the runtime to say.

    Raises:
        BundleError: it is too large, has weights in other files, has operators that we do not export, or
            cannot be read.
    """
    if len(onnx) > MOST_BYTES:
        raise BundleError(
            f"model.onnx has {len(onnx):,} bytes; expected at most {MOST_BYTES:,}. Train and promote again."
        )
    try:
        for field, value in _fields(onnx):
            if field == _GRAPH_OF_MODEL:
                _check_graph(value, 0)
            elif field in (_FUNCTIONS, _TRAINING):
                raise _unexpected("functions or a training part of its own")
    except _MalformedError:
        raise BundleError("model.onnx cannot be read as a model. Train and promote again.") from None


def _check_graph(graph: bytes, depth: int) -> None:
    if depth > _MOST_DEPTH:
        raise _unexpected(f"more than {_MOST_DEPTH} graphs within each other")
    for field, value in _fields(graph):
        if field == _NODES:
            _check_node(value, depth)
        elif field in _KNOWN_OF_GRAPH:
            _check_value(_KNOWN_OF_GRAPH[field], value, depth)


def _check_node(node: bytes, depth: int) -> None:
    for field, value in _fields(node):
        if field == _OPERATOR and value.decode("utf-8", "replace") not in OPERATORS:
            raise _unexpected("operators that the product does not export")
        if field == _DOMAIN and value not in (b"", b"ai.onnx"):
            raise _unexpected("operators that the product does not export")
        if field == _ATTRIBUTE:
            for part, content in _fields(value):
                if part in _OF_ATTRIBUTE:
                    _check_value(_OF_ATTRIBUTE[part], content, depth)


def _check_value(kind: str, value: bytes, depth: int) -> None:
    if kind == "graph":
        _check_graph(value, depth + 1)
    elif kind == "sparse":
        for field, part in _fields(value):
            if field in _OF_SPARSE:
                _check_value("tensor", part, depth)
    elif any(
        field == _EXTERNAL_DATA or (field == _DATA_LOCATION and part != b"\0")
        for field, part in _fields(value)
    ):
        raise BundleError(
            "model.onnx keeps weights in other files, which its seal does not cover; expected all of them in"
            " it. Restore the bundle from a backup, or train and promote again."
        )


def _unexpected(what: str) -> BundleError:
    return BundleError(
        f"model.onnx has {what}. Restore the bundle from a backup, or train and promote again."
    )


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and content of each field; a number is given as the bytes of its varint."""
    at = 0
    while at < len(message):
        key, at, _ = _varint(message, at)
        if key > _LARGEST_KEY:  # readers differ in what they make of it
            raise _MalformedError
        kind = key & 7
        if kind == _VARINT:
            _, end, content = _varint(message, at)
        elif kind == _BYTES:
            size, at, _ = _varint(message, at)
            end = at + size
            content = message[at:end]
        elif kind in _WIDTHS:
            end = at + _WIDTHS[kind]
            content = message[at:end]
        else:
            raise _MalformedError
        if end > len(message):
            raise _MalformedError
        yield key >> 3, content
        at = end


def _varint(message: bytes, at: int) -> tuple[int, int, bytes]:
    """Read a varint: its value, where it ends, and its bytes."""
    value = 0
    for count, octet in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (octet & _LOW_BITS) << (7 * count)
        if octet <= _LOW_BITS:
            end = at + count + 1
            return value, end, message[at:end]
    raise _MalformedError
