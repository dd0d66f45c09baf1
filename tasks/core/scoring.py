"""The one way to get a probability: evaluation, parity, gate and the night all come through here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pandas as pd

from schemas.columns import ID
from schemas.cut_points import CutPoints
from schemas.preprocessing import Examples, Spec
from schemas.scores import REASONS, SCORE_COLUMNS, Scores
from tasks.core.cutting import cut
from tasks.core.errors import BundleError
from tasks.core.examples import agree, as_customers
from tasks.core.extract.frame import accept_frame
from tasks.core.preprocessing import Encoder, encode
from tasks.core.scores_csv import ScoresCsv
from tasks.core.text import text_array

INPUT = "features"
SWITCH = "with_reasons"
OUTPUT = "churn_probability"
CONTRIBUTIONS = "contributions"
TOP_REASONS = "top_reasons"
REASONS_GIVEN = len(REASONS)

CHUNK_ROWS = 640
"""Customers a run: measured fastest; what a run holds then stays in the processor's caches."""

ENCODED_ROWS = 2 * CHUNK_ROWS
"""Customers that are encoded at a time: few enough to be still in the caches when the model reads them."""

PROBABILITY_DECIMALS = 6
"""Of every published probability; flags, deciles and bands are cut from the rounded value."""


class Model:
    """An exported network: (N, F) float32 inputs in; calibrated probabilities and reasons out.

    Every run has `CHUNK_ROWS` customers, the last one filled up with blank ones: onnxruntime takes other
    paths for few rows, and a customer's numbers must not depend on how many others are scored. Threads
    may share a model. A matrix of another number of inputs than the graph's is a BundleError.
    """

    def __init__(self, onnx: bytes) -> None:
        """Load a graph on one thread without spinning.

        Raises:
            BundleError: the bytes are no graph that this runtime loads, or not one of ours.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
        """Score (N, F) encoded customers, N >= 0, in order: (N,); costs nothing for reasons."""
        probability = np.empty(len(matrix), dtype=np.float32)
        self._run(matrix, {OUTPUT: probability}, with_reasons=False)
        return probability

    def reasons(
        self, matrix: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Score (N, F) encoded customers and tell why: the same (N,) probabilities, and (N, 3) columns.

        A column is its place in `spec.encodings`: the three that raise the customer's risk most over the
        reference customer's, the first one most, protected attributes left out; -1 where nothing more
        raises it.
        """
        probability = np.empty(len(matrix), dtype=np.float32)
        top = np.empty((len(matrix), REASONS_GIVEN), dtype=np.int64)
        self._run(matrix, {OUTPUT: probability, TOP_REASONS: top}, with_reasons=True)
        return probability, top

    def contributions(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Share the logits of (N, F) encoded customers out among the columns of `spec.encodings`: (N, C).

        They sum to the customer's logit minus the reference customer's.
        """
        found = np.empty((len(matrix), self.columns), dtype=np.float32)
        self._run(matrix, {CONTRIBUTIONS: found}, with_reasons=True)
        return found

    def _run(
        self, matrix: npt.NDArray[np.float32], outputs: Mapping[str, npt.NDArray[Any]], *, with_reasons: bool
    ) -> None:
        """Fill the outputs, of N rows each, chunk by chunk."""
        if matrix.shape[1] != self.inputs:
            raise BundleError(
                f"preprocessing.json gives {matrix.shape[1]} inputs but model.onnx takes {self.inputs}."
                " They are of different trainings; train and promote again."
            )
        switch = np.array(with_reasons)
        for start in range(0, len(matrix), CHUNK_ROWS):
            chunk = matrix[start : start + CHUNK_ROWS]
            rows = len(chunk)
            if rows < CHUNK_ROWS:
                blank = np.zeros((CHUNK_ROWS - rows, self.inputs), dtype=np.float32)
                chunk = np.concatenate([chunk, blank])
            found = self._session.run(list(outputs), {INPUT: chunk, SWITCH: switch})
            for output, part in zip(outputs.values(), found, strict=True):
                output[start : start + rows] = part[:rows]


def _published(raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Round (N,) probabilities for publication.

    Raises:
        BundleError: one is not a number within 0 and 1.
    """
    probability = raw.astype(np.float64)
    faulty = int((~np.isfinite(probability) | (probability < 0) | (probability > 1)).sum())
    if faulty:
        raise BundleError(
            f"model.onnx gave {faulty} of {len(raw)} customers no probability within 0 and 1."
            " Nothing was published; roll back the champion."
        )
    return np.round(probability, PROBABILITY_DECIMALS)


@dataclass(frozen=True)
class Rows:
    """Rows of scores.csv with how many of them are flagged, and how many out of the domain."""

    csv: bytes
    flagged: int
    out_of_domain: int


class Scorer:
    """Turns customers into scores by one bundle's model, spec and cut points.

    For other programs, `open_bundle(folder).scorer()` makes one and `score(frame)` is all they need
    (docs/integration.md). The product itself reads extracts, and scores accepted customers by `rows`.
    """

    def __init__(self, onnx: bytes, spec: Spec, cut_points: CutPoints, *, model_version: str) -> None:
        """Load the model once.

        Raises:
            BundleError: the model cannot be loaded or does not fit the spec.
        """
        self._model = Model(onnx)
        self._spec = spec
        self._encoder = Encoder(spec)
        self._codes = np.array([*spec.columns, ""])  # the last one is what -1 stands for
        self._cut_points = cut_points
        self._model_version = model_version
        self._csv = ScoresCsv(cut_points, spec.columns, model_version)

    def probability(self, customers: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Give the churn probability of (N, *) accepted customers as published: (N,), six decimals.

        Raises:
            BundleError: a probability is not a number within 0 and 1.
        """
        return _published(self._model.probability(encode(customers, self._spec)))

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score (N, *) customers; the rows and columns of scores.csv, in the same order.

        The frame has the extract's columns, as text or numbers, and may have others.

        Raises:
            ExtractError: a column is missing, or a customer breaks the data contract; nobody is scored.
            BundleError: a probability is not a number within 0 and 1.
        """
        customers = accept_frame(frame)
        probability, top, inside = self._reasons(customers)
        cuts = cut(probability, self._cut_points)
        scores = pd.DataFrame(
            {
                "customerID": customers[ID].to_numpy(),
                "churn_probability": probability,
                "churn_flag": cuts.flag,
                "decile": cuts.decile,
                "risk_band": cuts.band,
                **dict(zip(REASONS, self._codes[top].T, strict=True)),
                "in_domain": inside.astype(np.int64),
                "model_version": self._model_version,
            }
        ).astype(
            {"customerID": "str", "risk_band": "str", "model_version": "str", **dict.fromkeys(REASONS, "str")}
        )
        return Scores.validate(scores[list(SCORE_COLUMNS)])

    def rows(self, customers: pd.DataFrame) -> Rows:
        """Score (N, *) accepted customers as the rows of scores.csv: what `score` gives, as bytes.

        Raises:
            BundleError: a probability is not a number within 0 and 1.
        """
        probability, top, inside = self._reasons(customers)
        return Rows(
            csv=self._csv.rows(text_array(customers[ID]), probability, top, inside),
            flagged=int((probability >= self._cut_points.threshold).sum()),
            out_of_domain=int((~inside).sum()),
        )

    def _reasons(
        self, customers: pd.DataFrame
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Give (N, *) customers' published probabilities, (N, 3) reasons, and who is in the domain."""
        columns = self._encoder.columns(customers)
        raw = np.empty(columns.rows, dtype=np.float32)
        top = np.empty((columns.rows, REASONS_GIVEN), dtype=np.int64)
        encoded = np.empty((min(columns.rows, ENCODED_ROWS), self._encoder.inputs), dtype=np.float32)
        for start in range(0, columns.rows, ENCODED_ROWS):
            matrix = encoded[: columns.rows - start]
            self._encoder.encode(columns, start, matrix)
            part = slice(start, start + len(matrix))
            raw[part], top[part] = self._model.reasons(matrix)
        return _published(raw), top, self._encoder.in_domain(columns)

    def self_test(self, examples: Examples) -> None:
        """Score the bundle's worked examples and compare.

        Raises:
            BundleError: an example is encoded, scored or explained differently from when the bundle was made.
        """
        matrix = encode(as_customers([each.row for each in examples.examples], self._spec), self._spec)
        expected = np.array([each.encoded for each in examples.examples], dtype=np.float32)
        same = matrix.shape == expected.shape and bool((matrix == expected).all())
        if same:
            probability, top = self._model.reasons(matrix)
            same = agree(examples, probability, self._model.contributions(matrix), self._codes[top])
        if not same:
            raise BundleError(
                "the bundle's own examples.json are scored differently here than where it was made."
                " Reinstall from the lock, or train and promote again."
            )
