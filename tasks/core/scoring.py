"""The one way to get a probability: evaluation, parity, gate and the night all come through here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from tasks.core.preprocessing import encode, in_domain
from tasks.core.scores_csv import ScoresCsv
from tasks.core.text import text_array

INPUT = "features"
OUTPUT = "churn_probability"
PROBABILITY_DECIMALS = 6
"""Of every published probability; flags, deciles and bands are cut from the rounded value."""

SELF_TEST_TOLERANCE = 1e-6
"""Largest difference from examples.json; another CPU may differ in the last float32 digits."""


def as_customers(rows: Sequence[Mapping[str, str | float]], spec: Spec) -> pd.DataFrame:
    """Turn worked examples, rows as the CRM writes them, into accepted customers."""
    frame = pd.DataFrame(list(rows))
    for number in spec.numbers:
        frame[number.column] = [np.nan if cell == "" else float(cell) for cell in frame[number.column]]
    return frame


class Model:
    """An exported network: (N, F) float32 inputs in, (N,) float32 calibrated probabilities out."""

    def __init__(self, onnx: bytes, *, chunk_rows: int) -> None:
        """Load a graph on one thread without spinning; it scores `chunk_rows` customers at a time.

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
        if names != [INPUT, OUTPUT]:
            raise BundleError(
                f"model.onnx has the inputs and outputs {names}; expected '{INPUT}' and '{OUTPUT}'."
                " Train and promote again."
            )
        self.inputs = int(self._session.get_inputs()[0].shape[1])
        self._chunk_rows = chunk_rows

    def probability(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score (N, F) encoded customers, N >= 0, in order; the chunks do not show in the result.

        Raises:
            BundleError: the matrix has another number of inputs than the graph.
        """
        if matrix.shape[1] != self.inputs:
            raise BundleError(
                f"preprocessing.json gives {matrix.shape[1]} inputs but model.onnx takes {self.inputs}."
                " They are of different trainings; train and promote again."
            )
        chunks = [
            self._session.run([OUTPUT], {INPUT: matrix[start : start + self._chunk_rows]})[0]
            for start in range(0, len(matrix), self._chunk_rows)
        ]
        return np.concatenate([np.empty(0, dtype=np.float32), *chunks])


@dataclass(frozen=True)
class Rows:
    """Rows of scores.csv with how many of them are flagged, and how many out of the domain."""

    csv: bytes
    flagged: int
    out_of_domain: int


class Scorer:
    """Turns accepted customers into scores by one bundle's model, spec and cut points."""

    def __init__(
        self, onnx: bytes, spec: Spec, cut_points: CutPoints, *, model_version: str, chunk_rows: int = 4_096
    ) -> None:
        """Load the model once.

        Raises:
            BundleError: the model cannot be loaded or does not fit the spec.
        """
        self._model = Model(onnx, chunk_rows=chunk_rows)
        self._spec = spec
        self._cut_points = cut_points
        self._model_version = model_version
        self._csv = ScoresCsv(cut_points, (), model_version)

    def probability(self, customers: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Give the churn probability of (N, *) accepted customers as published: (N,), six decimals.

        Raises:
            BundleError: a probability is not a number within 0 and 1.
        """
        raw = self._model.probability(encode(customers, self._spec)).astype(np.float64)
        faulty = int((~np.isfinite(raw) | (raw < 0) | (raw > 1)).sum())
        if faulty:
            raise BundleError(
                f"model.onnx gave {faulty} of {len(raw)} customers no probability within 0 and 1."
                " Nothing was published; roll back the champion."
            )
        return np.round(raw, PROBABILITY_DECIMALS)

    def score(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Score (N, *) accepted customers; the rows and columns of scores.csv, in the same order.

        Raises:
            BundleError: a probability is not a number within 0 and 1.
        """
        probability = self.probability(customers)
        cuts = cut(probability, self._cut_points)
        scores = pd.DataFrame(
            {
                "customerID": customers[ID].to_numpy(),
                "churn_probability": probability,
                "churn_flag": cuts.flag,
                "decile": cuts.decile,
                "risk_band": cuts.band,
                **dict.fromkeys(REASONS, ""),
                "in_domain": in_domain(customers, self._spec).astype(np.int64),
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
        probability = self.probability(customers)
        inside = in_domain(customers, self._spec)
        reasons = np.full((len(customers), 3), -1)
        return Rows(
            csv=self._csv.rows(text_array(customers[ID]), probability, reasons, inside),
            flagged=int((probability >= self._cut_points.threshold).sum()),
            out_of_domain=int((~inside).sum()),
        )

    def self_test(self, examples: Examples) -> None:
        """Score the bundle's worked examples and compare.

        Raises:
            BundleError: an example is encoded or scored differently from when the bundle was made.
        """
        matrix = encode(as_customers([example.row for example in examples.examples], self._spec), self._spec)
        expected = np.array([example.encoded for example in examples.examples], dtype=np.float32)
        probability = np.array([example.probability for example in examples.examples])
        same_inputs = matrix.shape == expected.shape and bool((matrix == expected).all())
        if (
            not same_inputs
            or np.abs(self._model.probability(matrix) - probability).max() > SELF_TEST_TOLERANCE
        ):
            raise BundleError(
                "the bundle's own examples.json are scored differently here than where it was made."
                " Reinstall from the lock, or train and promote again."
            )
