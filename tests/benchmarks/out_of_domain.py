"""Measure how the student follows its teacher out of the domain: `python -m tests.benchmarks.out_of_domain`.

On split seeds 0-9 of the real extract, each teacher is distilled twice: with mixtures out of the domain, as
the product does it, and without. Then each holdout customer gets one unknown category, or one number at
some times the highest of the training part.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import NUMBERS
from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from schemas.preprocessing import NumberEncoding, Spec
from tasks.core.bundle.encoder import encode
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import split_customers
from tasks.core.training.network import mixtures
from tasks.core.training.network.calibration import calibrated_probability
from tasks.core.training.network.distil import distil
from tasks.core.training.network.ensemble import train_network
from tests.benchmarks.quality import ROOT, parse_seeds

WITH, WITHOUT = "with mixtures out of the domain", "without"
FACTORS = (1.2, 2.0, 5.0)


def moved_out(holdout: pd.DataFrame, spec: Spec) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Give the holdout as it is, and moved out of the domain in each way: (N, F) each."""
    rng = np.random.default_rng(0)
    matrix = encode(holdout, spec)
    yield "in the domain", matrix
    sizes = [len(encoding.feature_names) for encoding in spec.encodings]
    column = np.repeat(np.arange(len(sizes)), sizes)
    categories = [i for i, each in enumerate(spec.encodings) if not isinstance(each, NumberEncoding)]
    chosen = rng.choice(categories, size=(len(matrix), 1))
    yield "a category unknown", np.where(column == chosen, np.float32(0), matrix)
    highest = {each.column: each.high for each in spec.encodings if isinstance(each, NumberEncoding)}
    of_customer = rng.choice(NUMBERS, size=len(matrix))
    for factor in FACTORS:
        far = {
            number: holdout[number].where(of_customer != number, highest[number] * factor)
            for number in NUMBERS
        }
        yield f"a number {factor:g} times the highest", encode(holdout.assign(**far), spec)


def measure(customers: pd.DataFrame, seed: int) -> Iterator[tuple[str, str, float]]:
    """Give (way, student, mean difference of probability) for one split seed."""
    parts = split_customers(customers, SplitConfig(seed=seed))
    spec = fit_spec(parts.training, EncodingConfig())
    x = encode(pd.concat([parts.training, parts.validation], ignore_index=True), spec)
    with tempfile.TemporaryDirectory() as folder:
        found = train_network(parts, spec, FitConfig(), checkpoints=Path(folder))
        assert found.student is not None
        with patch.multiple(mixtures, UNKNOWN=0.0, BEYOND=0.0):
            seed_of_fit = FitConfig().seed
            other = distil(
                found.teacher,
                x,
                spec,
                seed=seed_of_fit,
                checkpoints=Path(folder) / "other",
                on_steps=lambda *_: None,
            )
    for way, matrix in moved_out(parts.holdout, spec):
        taught = calibrated_probability(found.teacher, found.platt, matrix)
        for name, student in {WITH: found.student, WITHOUT: other}.items():
            ours = calibrated_probability(student, found.platt, matrix)
            yield way, name, float(np.abs(ours - taught).mean())


def main() -> None:
    """Measure every seed, and print the means as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path, default=ROOT.parent / "shared" / "data" / "telco_churn.csv")
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("0-9"))
    flags = parser.parse_args()
    data = flags.extract.read_bytes()
    customers = read_extract(data, flags.extract.name, "training", IngestConfig()).customers
    found: dict[tuple[str, str], list[float]] = {}
    for seed in flags.seeds:
        for way, name, difference in measure(customers, seed):
            found.setdefault((way, name), []).append(difference)
        print(f"seed {seed}", flush=True)
    print(f"| customers | {WITH} | {WITHOUT} |\n| --- | ---: | ---: |")
    for way in dict.fromkeys(way for way, _ in found):
        with_, without = (np.mean(found[way, name]) for name in (WITH, WITHOUT))
        print(f"| {way} | {with_:.4f} | {without:.4f} |")


if __name__ == "__main__":
    main()
