"""Hold the reasons against exact Shapley values, and time them: `python -m tests.benchmarks.reasons`.

Trains the default ensemble and a single network on the real extract, explains holdout customers through
the exported graph, and compares with all 2^19 coalitions of columns (about half a second a customer).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import numpy.typing as npt
import torch

from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from schemas.preprocessing import Spec
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import Split, split_customers
from tasks.core.training.export.graph import export
from tasks.core.training.network.ensemble import Network, train_network
from tasks.core.training.network.mlp import predict_logits
from tests.oracles.attribution import overlap, rescale, shapley, top_columns

ROOT = Path(__file__).parents[2]
MODELS = {
    "five networks of 64-32 (default)": FitConfig(),
    "one network of 128-64": FitConfig(members=1, hidden=(128, 64), learning_rate=1e-3),
}
SPEED_ROWS, SPEED_ROUNDS = 32_000, 15


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of one model."""

    top_3: float
    top_1: float
    mean_off: float
    additivity: float
    rounding: tuple[float, float]
    probability_rows: float
    reasons_rows: float


def measure(network: Network, spec: Spec, holdout: npt.NDArray[np.float32], customers: int) -> Found:
    """Compare with the truth on the first customers of an (N, F) holdout, and time the graph."""
    graph = Model(export(network.model, network.platt, spec))
    found = graph.contributions(holdout)
    exact = np.stack([shapley(network.model, network.platt, spec, row) for row in holdout[:customers]])
    named, truth = (top_columns(each, spec.columns) for each in (found[:customers], exact))
    logit, base = (
        network.platt.slope * predict_logits(network.model, torch.tensor(x)).numpy().astype(np.float64)
        for x in (holdout, np.array([spec.reference], dtype=np.float32))
    )
    off = np.abs(found - rescale(network.model, network.platt, spec, holdout)).max(axis=1)
    speed = rows_per_second(
        np.resize(holdout, (SPEED_ROWS, holdout.shape[1])), graph.probability, graph.reasons
    )
    return Found(
        top_3=float(np.mean([overlap(a, b) for a, b in zip(named, truth, strict=True)])),
        top_1=float(np.mean([a[:1] == b[:1] for a, b in zip(named, truth, strict=True)])),
        mean_off=float(np.abs(found[:customers] - exact).mean()),
        additivity=float(np.abs(found.sum(axis=1, dtype=np.float64) - (logit - base)).max()),
        rounding=(float(np.quantile(off, 0.99)), float(off.max())),
        probability_rows=speed[0],
        reasons_rows=speed[1],
    )


def rows_per_second(
    matrix: npt.NDArray[np.float32], *ways: Callable[[npt.NDArray[np.float32]], object]
) -> list[float]:
    """Time each way in turn on one thread; the best round counts, as others share the machine."""
    best = [float("inf")] * len(ways)
    for _ in range(SPEED_ROUNDS):
        for i, way in enumerate(ways):
            started = time.perf_counter()
            way(matrix)
            best[i] = min(best[i], time.perf_counter() - started)
    return [len(matrix) / seconds for seconds in best]


def train(parts: Split, spec: Spec, config: FitConfig) -> Network:
    """Train as the product does."""
    with tempfile.TemporaryDirectory() as folder:
        return train_network(
            parts, spec, config, checkpoints=Path(folder), on_epoch=lambda *_: None, resume=False
        )


def write_report(found: dict[str, Found], folder: Path, customers: int) -> None:
    """Write reasons.md from the measurements alone."""
    heads = (
        "model",
        "top-3 overlap",
        "top-1 agreement",
        "mean difference",
        "sum off by at most",
        "rounding, 99 % / most",
        "probability, rows/s",
        "with reasons, rows/s",
        "ratio",
    )
    rows = [
        (
            name,
            f"{each.top_3:.4f}",
            f"{each.top_1:.4f}",
            f"{each.mean_off:.5f}",
            f"{each.additivity:.1e}",
            f"{each.rounding[0]:.1e} / {each.rounding[1]:.1e}",
            f"{round(each.probability_rows, -4):,.0f}",
            f"{round(each.reasons_rows, -4):,.0f}",
            f"{each.reasons_rows / each.probability_rows:.2f}",
        )
        for name, each in found.items()
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in (heads, ("---",) * len(heads), *rows))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reasons.md").write_text(
        f"""# Reasons against exact Shapley values

Written by `make benchmark-reasons`: {customers} holdout customers of the real extract, split seed 0.

{table}

- **Top-3 overlap**: of the columns with the largest positive contributions, at most three and protected
  attributes left out, the share that stands in both lists, of the longer list; mean over customers.
  **Top-1 agreement**: share of customers whose first column is the same.
- **Truth**: exact Shapley values of the columns: all 2^19 coalitions, absent columns at the reference's.
- **Mean difference**: of contribution and Shapley value, absolute, in logits.
- **Sum off by at most**: sum of the contributions against logit minus the reference's logit, in logits.
- **Rounding**: a customer's largest difference from the rule in float64, in logits.
- **Rows/s**: the graph through `Model`, one thread, best of {SPEED_ROUNDS} interleaved rounds of
  {SPEED_ROWS:,} rows.
""",
        encoding="utf-8",
    )


def main() -> None:
    """Train, measure, and write the report if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path, default=ROOT.parent / "shared" / "data" / "telco_churn.csv")
    parser.add_argument("--customers", type=int, default=300, help="holdout customers to explain exactly")
    parser.add_argument("--report", type=Path, help="folder of reasons.md; not written without it")
    flags = parser.parse_args()
    if not flags.extract.is_file():
        parser.error("the real extract is not here: give its path by --extract (make: EXTRACT=path)")
    torch.set_num_threads(1)
    data = read_extract(flags.extract.read_bytes(), flags.extract.name, "training", IngestConfig())
    parts = split_customers(data.customers, SplitConfig())
    spec = fit_spec(parts.training, EncodingConfig())
    holdout = encode(parts.holdout, spec)
    found = {}
    for name, config in MODELS.items():
        found[name] = measure(train(parts, spec, config), spec, holdout, flags.customers)
        print(name, found[name], flush=True)
    if flags.report:
        write_report(found, flags.report, flags.customers)


if __name__ == "__main__":
    main()
