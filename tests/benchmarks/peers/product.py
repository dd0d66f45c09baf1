"""The product's own network, trained and exported by the product's own code."""

import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from peers.peer import DEFAULT, Judged, Peer
from scipy.special import logit

from schemas.config import EncodingConfig, FitConfig
from tasks.core.preprocessing import encode
from tasks.core.scoring import Model
from tasks.core.training.encoding import fit_spec
from tasks.core.training.network import train_network
from tasks.core.training.onnx_graph import export
from tasks.core.training.split import Split

SPEED_ROWS, SPEED_RUNS = 4_096, 30


def network(split: Split, _seed: int, config: FitConfig) -> Judged:
    """Train, export and score the holdout through the exported graph, as a night would."""
    spec = fit_spec(split.training, EncodingConfig())
    with tempfile.TemporaryDirectory() as folder:
        trained = train_network(
            split, spec, config, checkpoints=Path(folder), on_epoch=lambda *_: None, resume=False
        )
    model = Model(export(trained.model, trained.platt), chunk_rows=SPEED_ROWS)
    holdout = encode(split.holdout, spec)
    return Judged(
        calibration_logits=trained.platt.slope * trained.logits + trained.platt.intercept,
        calibration_label=trained.label,
        holdout_logits=logit(model.probability(holdout).astype(np.float64)),
        rows_per_second=_rows_per_second(model, np.resize(holdout, (SPEED_ROWS, holdout.shape[1]))),
    )


def _rows_per_second(model: Model, matrix: npt.NDArray[np.float32]) -> float:
    """Time the graph alone, on one thread; the median run counts."""
    seconds = []
    for _ in range(SPEED_RUNS):
        started = time.process_time()
        model.probability(matrix)
        seconds.append(time.process_time() - started)
    return len(matrix) / float(np.median(seconds))


PEERS = (
    Peer(
        name=DEFAULT,
        settings="the configuration without any setting, trained and exported by the product",
        judge=partial(network, config=FitConfig()),
    ),
    Peer(
        name="single network",
        settings="fit.members=1: one network, of the training part alone",
        judge=partial(network, config=FitConfig(members=1)),
    ),
    Peer(
        name="five large networks",
        settings="fit.hidden=[128,64], fit.learning_rate=1e-3",
        judge=partial(network, config=FitConfig(hidden=(128, 64), learning_rate=1e-3)),
        usual=False,
    ),
    Peer(
        name="single large network",
        settings="fit.members=1, fit.hidden=[128,64], fit.learning_rate=1e-3",
        judge=partial(network, config=FitConfig(members=1, hidden=(128, 64), learning_rate=1e-3)),
        usual=False,
    ),
    Peer(
        name="ten networks",
        settings="fit.members=10",
        judge=partial(network, config=FitConfig(members=10)),
        usual=False,
    ),
)
