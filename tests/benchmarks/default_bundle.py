"""Fit the product's default model once and stage it as bundle files, as training does before its gate."""

import shutil
from pathlib import Path

from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.simulator.extract_writer import write_extract
from tasks.core.storage.atomic import make_folder
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import split_customers
from tasks.core.training.export.staging import stage_bundle
from tasks.core.training.network.ensemble import train_network
from tests.benchmarks.extracts import Origin
from tests.benchmarks.pipelines import BUNDLE

_TRAINING_ROWS, _TRAINING_SEED = 7_043, 0
"""Of the simulated extract that models are fitted on if there is no real one."""


def training_extract(origin: Origin, folder: Path) -> Path:
    """Return the labelled extract that an origin's models are fitted on, in its folder if simulated."""
    if origin.real is not None:
        return origin.real
    path = folder / "training.csv"
    if not path.exists():
        write_extract(path, rows=_TRAINING_ROWS, seed=_TRAINING_SEED)
    return path


def fit_bundle(training: Path, models: Path) -> None:
    """Fit the default model with its student on a labelled extract, unless it is there."""
    if (models / BUNDLE).exists():
        return
    print("fitting the default model", flush=True)
    aside = models / "bundle-aside"
    shutil.rmtree(aside, ignore_errors=True)
    parts = split_customers(
        read_extract(training.read_bytes(), training.name, "training", IngestConfig()).customers,
        SplitConfig(),
    )
    spec = fit_spec(parts.training, EncodingConfig())
    network = train_network(parts, spec, FitConfig(), checkpoints=make_folder(aside) / "checkpoints")
    stage_bundle(make_folder(aside / BUNDLE), network=network, spec=spec)
    (aside / BUNDLE).rename(models / BUNDLE)
    shutil.rmtree(aside)
