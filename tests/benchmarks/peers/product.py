"""The product's own network, trained and exported by the product's own code."""

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from schemas.config import EncodingConfig, FitConfig, TrainConfig
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Split
from tasks.core.training.export.graph import export
from tasks.core.training.network.ensemble import train_network
from tasks.core.training.search import search_settings
from tests.benchmarks.peers.peer import DEFAULT, TEACHER, Judged, Peer

SPEED_ROWS, SPEED_RUNS = 4_096, 30


def network(
    split: Split,
    _seed: int,
    config: FitConfig,
    encoding: EncodingConfig = EncodingConfig(),  # noqa: B008 frozen
) -> Judged:
    """Train, export and score the holdout through the exported graph, as a night would."""
    spec = fit_spec(split.training, encoding)
    with tempfile.TemporaryDirectory() as folder:
        trained = train_network(
            split,
            spec,
            config,
            checkpoints=Path(folder),
            resume=False,
        )
    model = Model(export(trained.model, trained.platt, spec))
    holdout = encode(split.holdout, spec)
    return Judged(
        calibration_logits=trained.platt.slope * trained.logits + trained.platt.intercept,
        calibration_label=trained.label,
        holdout_logits=logit(model.probability(holdout).astype(np.float64)),
        rows_per_second=rows_per_second(model, np.resize(holdout, (SPEED_ROWS, holdout.shape[1]))),
    )


def searched(split: Split, seed: int, trials: int = 25) -> Judged:
    """Search on the split's own training and validation parts, then train with what was found."""
    with tempfile.TemporaryDirectory() as folder:
        found = search_settings(
            split,
            TrainConfig(),
            trials=trials,
            folder=Path(folder),
            on_trial=lambda log: print(log, flush=True),
        )
    return network(split, seed, found.fit, found.encoding)


def rows_per_second(model: Model, matrix: npt.NDArray[np.float32]) -> float:
    """Time the graph alone, on one thread; the median run counts."""
    seconds = []
    for _ in range(SPEED_RUNS):
        started = time.process_time()
        model.probability(matrix)
        seconds.append(time.process_time() - started)
    return len(matrix) / float(np.median(seconds))


def _peer(name: str, *, usual: bool = False, **settings: Any) -> Peer:
    config = FitConfig(**settings)
    return Peer(
        name=name,
        settings=f"trained and exported by the product with fit = {config.model_dump_json()}",
        judge=partial(network, config=config),
        usual=usual,
    )


LARGE = {"hidden": (128, 64), "learning_rate": 1e-3}
PEERS = (
    _peer(DEFAULT, usual=True),
    _peer(TEACHER, usual=True, student="none"),
    _peer("single network", usual=True, members=1, student="none"),
    _peer("five large networks", student="none", **LARGE),
    _peer("single large network", members=1, student="none", **LARGE),
    _peer("unweighted networks", class_weighting="none", student="none"),
    _peer("balanced networks", class_weighting="balanced", student="none"),
    Peer(
        name="searched network",
        settings="--search 25 on each split's own training and validation parts, then the usual training",
        judge=searched,
        usual=False,
    ),
)
