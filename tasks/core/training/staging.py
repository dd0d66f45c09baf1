"""Stage fitted networks as the files of a bundle, so that what is judged is what will run."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit

from schemas.cut_points import CutPoints
from schemas.preprocessing import Example, Examples, Spec
from schemas.reports import Parity
from tasks.core.bundle import CUT_POINTS, EXAMPLES, MODEL, SPEC, STATE, to_json
from tasks.core.examples import INVENTED_CUSTOMERS, as_customers
from tasks.core.files import write_new
from tasks.core.preprocessing import encode
from tasks.core.scoring import PROBABILITY_DECIMALS, Model
from tasks.core.training.calibration import Platt, best_f1_threshold, decile_cuts, risk_bands
from tasks.core.training.model import Ensemble, predict_logits
from tasks.core.training.network import Network
from tasks.core.training.onnx_graph import export
from tasks.core.training.state import to_bytes

PARITY_BATCHES = (0, 1, 2, 7_043)
"""Customers a run: nobody, one, two, and the reference extract's number."""


def stage(folder: Path, *, network: Network, spec: Spec) -> CutPoints:
    """Write model, spec, examples and cut points into an empty folder; cuts are of unseen customers."""
    model, platt = network.model, network.platt
    onnx = export(model, platt, spec)
    runtime = Model(onnx)
    probability = np.round(expit(platt.slope * network.logits + platt.intercept), PROBABILITY_DECIMALS)
    cut_points = fit_cut_points(probability, network.label)
    write_new(folder / MODEL, onnx)
    write_new(folder / STATE, to_bytes(model, platt))
    write_new(folder / SPEC, spec.to_json_bytes())
    write_new(folder / EXAMPLES, _examples(runtime, spec).to_json_bytes())
    write_new(folder / CUT_POINTS, to_json(cut_points))
    return cut_points


def fit_cut_points(probability: npt.NDArray[np.float64], label: npt.NDArray[np.bool_]) -> CutPoints:
    """Cut (N,) probabilities of unseen customers into flags (best F1), deciles and risk bands."""
    bands = risk_bands(probability)
    return CutPoints(
        threshold=best_f1_threshold(probability, label),
        deciles=decile_cuts(probability),
        high=bands.high_from,
        medium=bands.medium_from,
    )


def measure_parity(
    model: Ensemble,
    platt: Platt,
    onnx: bytes,
    matrix: npt.NDArray[np.float32],
    batches: Iterable[int] = PARITY_BATCHES,
) -> Parity:
    """Compare torch with onnxruntime on every row of (N, F) and on batches of the given sizes."""
    expected = expit(platt.slope * predict_logits(model, torch.from_numpy(matrix)).numpy() + platt.intercept)
    sizes = tuple(batches)
    differences = []
    runtime = Model(onnx)
    for size in (len(matrix), *sizes):
        rows = np.resize(np.arange(len(matrix)), size)
        differences.append(np.abs(runtime.probability(matrix[rows]) - expected[rows]).max(initial=0.0))
    largest = float(np.max(differences))
    return Parity(
        rows=len(matrix), batch_sizes=sizes, max_difference=largest if np.isfinite(largest) else None
    )


def _examples(runtime: Model, spec: Spec) -> Examples:
    matrix = encode(as_customers(INVENTED_CUSTOMERS, spec), spec)
    probability, top = runtime.reasons(matrix)
    contributions = runtime.contributions(matrix)
    return Examples(
        format_version=1,
        feature_names=spec.feature_names,
        columns=spec.columns,
        examples=tuple(
            Example(
                row=row,
                encoded=tuple(map(float, matrix[i])),
                probability=float(probability[i]),
                contributions=tuple(map(float, contributions[i])),
                reasons=tuple(spec.columns[column] for column in top[i] if column >= 0),
            )
            for i, row in enumerate(INVENTED_CUSTOMERS)
        ),
    )
