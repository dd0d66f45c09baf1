"""Hold the reasons against exact Shapley values, and time them: `python -m tests.benchmarks.reasons`.

On some splits of the real extract, trains the default, explains holdout customers through the graphs of
student and teacher, and compares both with the teacher's exact values: all 2^19 coalitions of columns
(about half a second a customer).
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
import pandas as pd
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
from tasks.core.training.network.mlp import Ensemble, predict_logits
from tasks.core.training.network.student import Student
from tests.benchmarks.quality import parse_seeds
from tests.oracles.attribution import as_ensemble, overlap, rescale, shapley, top_columns

ROOT = Path(__file__).parents[2]
STUDENT, TEACHER = "student (in service)", "teacher: five networks of 64-32"
SPEED_ROWS, SPEED_ROUNDS = 32_000, 15


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of one model on one split; the truth is the teacher's."""

    seed: int
    model: str
    top_3: float
    top_1: float
    mean_off: float
    additivity: float
    rounding: tuple[float, float]
    probability_rows: float
    reasons_rows: float


def measure(
    network: Network, spec: Spec, holdout: npt.NDArray[np.float32], customers: int, seed: int
) -> list[Found]:
    """Compare with the truth on the first customers of an (N, F) holdout, and time the graphs."""
    assert network.student is not None
    models = {STUDENT: network.student, TEACHER: network.teacher}
    graphs = {name: Model(export(model, network.platt, spec)) for name, model in models.items()}
    exact = np.stack([shapley(network.teacher, network.platt, spec, row) for row in holdout[:customers]])
    truth = top_columns(exact, spec.columns)
    rows = np.resize(holdout, (SPEED_ROWS, holdout.shape[1]))
    speeds = rows_per_second(
        rows, *(way for graph in graphs.values() for way in (graph.probability, graph.reasons))
    )
    found = []
    for i, (name, model) in enumerate(models.items()):
        contributions = graphs[name].contributions(holdout)
        named = top_columns(contributions[:customers], spec.columns)
        off = np.abs(contributions - _by_the_rule(model, network, spec, holdout)).max(axis=1)
        found.append(
            Found(
                seed=seed,
                model=name,
                top_3=float(np.mean([overlap(a, b) for a, b in zip(named, truth, strict=True)])),
                top_1=float(np.mean([a[:1] == b[:1] for a, b in zip(named, truth, strict=True)])),
                mean_off=float(np.abs(contributions[:customers] - exact).mean()),
                additivity=_additivity(model, network, spec, holdout, contributions),
                rounding=(float(np.quantile(off, 0.99)), float(off.max())),
                probability_rows=speeds[2 * i],
                reasons_rows=speeds[2 * i + 1],
            )
        )
    return found


def _by_the_rule(
    model: Student | Ensemble, network: Network, spec: Spec, holdout: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    ensemble = as_ensemble(model) if isinstance(model, Student) else model
    return rescale(ensemble, network.platt, spec, holdout)


def _additivity(
    model: Student | Ensemble,
    network: Network,
    spec: Spec,
    holdout: npt.NDArray[np.float32],
    contributions: npt.NDArray[np.float32],
) -> float:
    logit, base = (
        network.platt.slope * predict_logits(model, torch.tensor(x)).numpy().astype(np.float64)
        for x in (holdout, np.array([spec.reference], dtype=np.float32))
    )
    return float(np.abs(contributions.sum(axis=1, dtype=np.float64) - (logit - base)).max())


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
        return train_network(parts, spec, config, checkpoints=Path(folder))


def write_report(found: list[Found], folder: Path, customers: int) -> None:
    """Write reasons.md from the measurements alone."""
    heads = (
        "split",
        "model",
        "top-3 overlap",
        "top-1 agreement",
        "mean difference",
        "sum off by at most",
        "rounding, 99 % / most",
        "probability, rows/s",
        "with reasons, rows/s",
    )
    rows = [
        (
            str(each.seed),
            each.model,
            f"{each.top_3:.4f}",
            f"{each.top_1:.4f}",
            f"{each.mean_off:.5f}",
            f"{each.additivity:.1e}",
            f"{each.rounding[0]:.1e} / {each.rounding[1]:.1e}",
            f"{round(each.probability_rows, -4):,.0f}",
            f"{round(each.reasons_rows, -4):,.0f}",
        )
        for each in found
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in (heads, ("---",) * len(heads), *rows))
    student, teacher = (
        pd.DataFrame([vars(each) for each in found if each.model == name]) for name in (STUDENT, TEACHER)
    )
    ratios = [
        float(np.median(student[column].to_numpy() / teacher[column].to_numpy()))
        for column in ("reasons_rows", "probability_rows")
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reasons.md").write_text(
        f"""# Reasons against exact Shapley values

Written by `make benchmark-reasons`: {customers} holdout customers of the real extract in each split.

{table}

The student gives a top-3 overlap of {student["top_3"].mean():.4f} and a top-1 agreement of
{student["top_1"].mean():.4f} with the teacher's exact values; with reasons it is {ratios[0]:.1f} times as
fast as the teacher, for probabilities alone {ratios[1]:.1f} times (medians over the splits).

- **Truth**: exact Shapley values of the **teacher's** columns: all 2^19 coalitions, absent columns at the
  reference's. A student that copies probabilities but not reasons would be found out here.
- **Top-3 overlap**: of the columns with the largest positive contributions, at most three and protected
  attributes left out, the share that stands in both lists, of the longer list; mean over customers.
  **Top-1 agreement**: share of customers whose first column is the same.
- **Mean difference**: of contribution and Shapley value, absolute, in logits.
- **Sum off by at most**: sum of the contributions against logit minus the reference's logit, in logits.
- **Rounding**: a customer's largest difference from the model's own rule in float64, in logits.
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
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("160-162"), help="split seeds")
    parser.add_argument("--report", type=Path, help="folder of reasons.md; not written without it")
    flags = parser.parse_args()
    if not flags.extract.is_file():
        parser.error("the real extract is not here: give its path by --extract (make: EXTRACT=path)")
    torch.set_num_threads(1)
    data = read_extract(flags.extract.read_bytes(), flags.extract.name, "training", IngestConfig())
    found: list[Found] = []
    for seed in flags.seeds:
        parts = split_customers(data.customers, SplitConfig(seed=seed))
        spec = fit_spec(parts.training, EncodingConfig())
        network = train(parts, spec, FitConfig())
        found += measure(network, spec, encode(parts.holdout, spec), flags.customers, seed)
        print(*found[-2:], sep="\n", flush=True)
    if flags.report:
        write_report(found, flags.report, flags.customers)


if __name__ == "__main__":
    main()
