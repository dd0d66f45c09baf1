"""Run model.onnx with onnxruntime; every probability comes from here."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read on import; without it, onnxruntime reports to Microsoft

# isort: split
import onnxruntime as ort

from schemas.scores import PROBABILITY_DECIMALS, REASONS
from tasks.core.bundle.onnx_graph import refuse_unsafe
from tasks.core.errors import BundleError

INPUT = "features"
SWITCH = "with_reasons"
OUTPUT = "churn_probability"
CONTRIBUTIONS = "contributions"
TOP_REASONS = "top_reasons"
REASONS_GIVEN = len(REASONS)

CHUNK_ROWS = 640
"""Customers per run, measured to be fastest: the intermediate results stay in the CPU caches."""


class Model:
    """An exported network: (N, F) float32 inputs in, calibrated probabilities and reasons out.

    Every run has `CHUNK_ROWS` customers, the last one padded with zeros: onnxruntime computes small
    batches differently, and a score must not depend on how many other customers are scored. Safe to
    share between threads. Raises a BundleError if a matrix has the wrong number of inputs.
    """

    def __init__(self, onnx: bytes) -> None:
        """Load a graph on one thread without spinning.

        Raises:
            BundleError: the graph is not one that we export (see `onnx_graph`), the runtime cannot load it,
                or its inputs and outputs are not the expected ones.
        """
        refuse_unsafe(onnx)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.load_model_format", "ONNX")  # which alone was checked
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception:  # noqa: BLE001 onnxruntime's own errors share no public base
            raise BundleError(
                f"model.onnx cannot be loaded by onnxruntime {ort.__version__}. Train and promote again."
            ) from None
        names = [each.name for each in (*self._session.get_inputs(), *self._session.get_outputs())]
        if names != [INPUT, SWITCH, OUTPUT, CONTRIBUTIONS, TOP_REASONS]:
            raise BundleError(
                f"model.onnx has the inputs and outputs {names}; expected '{INPUT}', '{SWITCH}',"
                f" '{OUTPUT}', '{CONTRIBUTIONS}' and '{TOP_REASONS}'. Train and promote again."
            )
        self.inputs = int(self._session.get_inputs()[0].shape[1])
        self.columns = int(self._session.get_outputs()[1].shape[1])

    def probability(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score (N, F) encoded customers, N >= 0, in order: (N,), without computing reasons."""
        probability = np.empty(len(matrix), dtype=np.float32)
        self._run(matrix, {OUTPUT: probability}, with_reasons=False)
        return probability

    def reasons(
        self, matrix: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Score (N, F) encoded customers with reasons: the same (N,) probabilities, and (N, 3) columns.

        The columns, as indices into `spec.encodings`, are the three that raise the customer's risk most
        over the reference customer's, strongest first and without protected attributes; -1 if there are
        fewer.
        """
        probability = np.empty(len(matrix), dtype=np.float32)
        top = np.empty((len(matrix), REASONS_GIVEN), dtype=np.int64)
        self._run(matrix, {OUTPUT: probability, TOP_REASONS: top}, with_reasons=True)
        return probability, top

    def run_on(self, chunk: npt.NDArray[np.float32]) -> "BoundRun":
        """Prepare runs with reasons on a (`CHUNK_ROWS`, F) matrix that the caller fills before each."""
        self._check_inputs(chunk)
        return BoundRun(self._session, chunk)

    def contributions(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Distribute the logits of (N, F) encoded customers over the columns of `spec.encodings`: (N, C).

        They sum to the customer's logit minus the reference customer's.
        """
        found = np.empty((len(matrix), self.columns), dtype=np.float32)
        self._run(matrix, {CONTRIBUTIONS: found}, with_reasons=True)
        return found

    def _run(
        self, matrix: npt.NDArray[np.float32], outputs: Mapping[str, npt.NDArray[Any]], *, with_reasons: bool
    ) -> None:
        """Fill the outputs, N rows each, chunk by chunk."""
        self._check_inputs(matrix)
        switch = np.array(with_reasons)
        for start in range(0, len(matrix), CHUNK_ROWS):
            chunk = matrix[start : start + CHUNK_ROWS]
            rows = len(chunk)
            if rows < CHUNK_ROWS:
                blank = np.zeros((CHUNK_ROWS - rows, self.inputs), dtype=np.float32)
                chunk = np.concatenate([chunk, blank])
            found = self._found(list(outputs), {INPUT: chunk, SWITCH: switch})
            for output, part in zip(outputs.values(), found, strict=True):
                output[start : start + rows] = part[:rows]

    def _check_inputs(self, matrix: npt.NDArray[np.float32]) -> None:
        if matrix.shape[1] != self.inputs:
            raise BundleError(
                f"preprocessing.json gives {matrix.shape[1]} inputs but model.onnx takes {self.inputs}."
                " They come from different training runs; train and promote again."
            )

    def _found(self, outputs: list[str], inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        try:
            found: list[npt.NDArray[Any]] = self._session.run(outputs, inputs)
        except Exception:  # noqa: BLE001 onnxruntime's own errors share no public base
            raise _cannot_run() from None
        return found


def _cannot_run() -> BundleError:
    return BundleError(
        f"model.onnx cannot be run by onnxruntime {ort.__version__}: its shapes do not fit, or it"
        " needs more memory than there is. Roll back the champion, or train and promote again."
    )


class BoundRun:
    """A model whose inputs and outputs stay where they are: for one thread, which runs it many times.

    probability, top: (CHUNK_ROWS,) float32 and (CHUNK_ROWS, 3) int64, see `Model.reasons`, after each `run`.
    """

    def __init__(self, session: ort.InferenceSession, chunk: npt.NDArray[np.float32]) -> None:
        """Bind the (CHUNK_ROWS, F) inputs, the switch, and the outputs."""
        self.probability = np.empty(CHUNK_ROWS, dtype=np.float32)
        self.top = np.empty((CHUNK_ROWS, REASONS_GIVEN), dtype=np.int64)
        self._session, self._binding, self._chunk = session, session.io_binding(), chunk
        self._binding.bind_input(INPUT, "cpu", 0, np.float32, chunk.shape, chunk.ctypes.data)
        self._binding.bind_cpu_input(SWITCH, np.array(True))
        for name, array in ((OUTPUT, self.probability), (TOP_REASONS, self.top)):
            self._binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

    def run(self) -> None:
        """Compute the outputs from the inputs.

        Raises:
            BundleError: the runtime fails.
        """
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception:  # noqa: BLE001 onnxruntime's own errors share no public base
            raise _cannot_run() from None


def published(raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Round (N,) probabilities for publication.

    Raises:
        BundleError: a probability is not a number between 0 and 1.
    """
    probability = raw.astype(np.float64)
    faulty = int((~np.isfinite(probability) | (probability < 0) | (probability > 1)).sum())
    if faulty:
        raise BundleError(
            f"model.onnx gave {faulty} of {len(raw)} customers a probability that is not between 0 and 1."
            " Nothing was published; roll back the champion."
        )
    return np.round(probability, PROBABILITY_DECIMALS)
