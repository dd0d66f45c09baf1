"""Scores customers with a bundle; evaluation, gate and nightly runs all use this code."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import ID
from schemas.cut_points import CutPoints
from schemas.preprocessing import Examples, Spec
from schemas.scores import REASONS, SCORE_COLUMNS, Scores
from tasks.core.bundle.cut_points import cut
from tasks.core.bundle.encoder import Columns, Encoder, encode
from tasks.core.bundle.examples import agree, as_customers
from tasks.core.bundle.onnx_model import CHUNK_ROWS, REASONS_GIVEN, Model, published
from tasks.core.bundle.scores_csv import ScoresCsv
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.frame import accept_frame
from tasks.core.contract.objections import Objections
from tasks.core.errors import BundleError


@dataclass(frozen=True)
class Rows:
    """Rows of scores.csv, with the number of flagged and of out-of-domain customers."""

    csv: bytes | memoryview
    flagged: int
    out_of_domain: int


class Scorer:
    """Scores customers with the model, spec and cut points of one bundle.

    Other programs need only `open_bundle(folder).scorer()` and `score(frame)` (docs/integration.md).
    The product itself reads extracts, and scores accepted customers with `rows`.
    """

    def __init__(self, onnx: bytes, spec: Spec, cut_points: CutPoints, *, model_version: str) -> None:
        """Load the model once.

        Raises:
            BundleError: the model cannot be loaded or does not fit the spec.
        """
        self._model = Model(onnx)
        if self._model.columns != len(spec.columns):
            raise BundleError(
                f"preprocessing.json has {len(spec.columns)} columns but model.onnx explains"
                f" {self._model.columns}. They come from different training runs; train and promote again."
            )
        self._spec = spec
        self._encoder = Encoder(spec)
        self._codes = np.array([*spec.columns, ""])  # index -1: no reason
        self._cut_points = cut_points
        self._model_version = model_version
        self._csv = ScoresCsv(cut_points, spec.columns, model_version)

    def probability(self, customers: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the churn probability of (N, *) accepted customers as published: (N,), six decimals.

        Raises:
            BundleError: a probability is not a number between 0 and 1.
        """
        return published(self._model.probability(encode(customers, self._spec)))

    def score(self, frame: pd.DataFrame, contacts: Objections | None = None) -> pd.DataFrame:
        """Score (N, *) customers; return the columns for scores.csv, with rows in the same order.

        The frame needs the columns of an extract, as text or numbers, and may have others. Rows without
        content are left out, and so are the customers who objected, if `contacts` are given; the index of the
        result is the position of each row in the frame, from 0.

        Raises:
            ExtractError: a column is missing or a row breaks the data contract; nothing is scored.
            BundleError: a probability is not a number between 0 and 1.
        """
        customers = accept_frame(frame)
        if contacts is not None:
            customers = customers[~contacts.of_texts(customers[ID].tolist())]
        probability, top, inside = self._reasons(self._encoder.columns(customers))
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
            },
            index=customers.index,
        ).astype(
            {"customerID": "str", "risk_band": "str", "model_version": "str", **dict.fromkeys(REASONS, "str")}
        )
        return Scores.validate(scores[list(SCORE_COLUMNS)])

    def rows(self, customers: Accepted) -> Rows:
        """Score N accepted customers as rows of scores.csv: the result of `score`, as bytes.

        Raises:
            BundleError: a probability is not a number between 0 and 1.
        """
        probability, top, inside = self._reasons(self._encoder.columns_of(customers))
        return Rows(
            csv=self._csv.rows(customers.octets, customers.ids, probability, top, inside),
            flagged=int((probability >= self._cut_points.threshold).sum()),
            out_of_domain=int((~inside).sum()),
        )

    def _reasons(
        self, columns: Columns
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return published probabilities (N,), reasons (N, 3) and who is in the domain (N,)."""
        raw = np.empty(columns.rows, dtype=np.float32)
        top = np.empty((columns.rows, REASONS_GIVEN), dtype=np.int64)
        chunk = np.zeros((CHUNK_ROWS, self._encoder.inputs), dtype=np.float32)
        model = self._model.run_on(chunk)
        for start in range(0, columns.rows, CHUNK_ROWS):
            rows = min(CHUNK_ROWS, columns.rows - start)
            self._encoder.encode(columns, start, chunk[:rows])
            chunk[rows:] = 0
            model.run()
            raw[start : start + rows], top[start : start + rows] = model.probability[:rows], model.top[:rows]
        return published(raw), top, self._encoder.in_domain(columns)

    def self_test(self, examples: Examples) -> None:
        """Score the bundle's examples and compare the results.

        Raises:
            BundleError: an example is encoded, scored or explained differently.
        """
        matrix = encode(as_customers([each.row for each in examples.examples], self._spec), self._spec)
        expected = np.array([each.encoded for each in examples.examples], dtype=np.float32)
        same = matrix.shape == expected.shape and bool((matrix == expected).all())
        if same:
            probability, top = self._model.reasons(matrix)
            same = agree(examples, probability, self._model.contributions(matrix), self._codes[top])
        if not same:
            raise BundleError(
                "the bundle's own examples.json are scored differently here than in training."
                " Reinstall from the lock file, or train and promote again."
            )
