"""Stage fitted networks as bundle files, so that the files that will run are the ones evaluated."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from schemas.closed import to_json
from schemas.cut_points import CutPoints
from schemas.manifest import MODEL
from schemas.preprocessing import Example, Examples, Spec
from schemas.scores import PROBABILITY_DECIMALS
from tasks.core.bundle.bundle_files import CUT_POINTS, EXAMPLES, SPEC, STATE, TEACHER
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.examples import INVENTED_CUSTOMERS, as_customers
from tasks.core.bundle.onnx_model import Model
from tasks.core.storage.atomic import write_new
from tasks.core.training.export.graph import export
from tasks.core.training.network.calibration import best_f1_threshold, decile_cuts, risk_bands
from tasks.core.training.network.ensemble import Network
from tasks.core.training.network.model_state import to_bytes


def stage_bundle(folder: Path, *, network: Network, spec: Spec) -> CutPoints:
    """Write model, spec, examples and cut points to an empty folder; the cuts come from unseen customers."""
    model, platt = network.model, network.platt
    onnx = export(model, platt, spec)
    runtime = Model(onnx)
    probability = np.round(expit(platt.slope * network.logits + platt.intercept), PROBABILITY_DECIMALS)
    cut_points = fit_cut_points(probability, network.label)
    write_new(folder / MODEL, onnx)
    write_new(folder / STATE, to_bytes(model, platt))
    if network.student is not None:
        write_new(folder / TEACHER, to_bytes(network.teacher, platt))
    write_new(folder / SPEC, spec.to_json_bytes())
    write_new(folder / EXAMPLES, _examples(runtime, spec).to_json_bytes())
    write_new(folder / CUT_POINTS, to_json(cut_points))
    return cut_points


def fit_cut_points(probability: npt.NDArray[np.float64], label: npt.NDArray[np.bool_]) -> CutPoints:
    """Fit threshold (best F1), deciles and risk bands to (N,) probabilities of unseen customers."""
    bands = risk_bands(probability)
    return CutPoints(
        threshold=best_f1_threshold(probability, label),
        deciles=decile_cuts(probability),
        high=bands.high_from,
        medium=bands.medium_from,
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
