"""Compare the default network with its peers on the real extract: `python -m tests.benchmarks.quality`.

Every model gets the same splits: it is trained on the training part, stops and tunes on the
validation part, and uses the holdout once. One line per seed and model is appended, so an
interrupted benchmark continues where it stopped; the tables are written from those lines. A model whose
settings have changed is measured again; after a change of code, use another `--out`.
"""

import argparse
import importlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from scipy.special import expit

from schemas.config import IngestConfig, SplitConfig
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.training.data.split import Split, split_customers
from tasks.core.training.metrics.classification import measure
from tasks.core.training.network.calibration import best_f1_threshold, fit_platt
from tests.benchmarks.peers.peer import Judged, Peer, label
from tests.benchmarks.quality_report import write_report

FAMILIES = ("product", "forms", "linear", "trees", "boosting", "neural")
ROOT = Path(__file__).parents[2]


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds such as `10-49` or `3,5,10-12`."""
    seeds: list[int] = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return tuple(dict.fromkeys(seeds))


def all_peers() -> tuple[Peer, ...]:
    """Collect every model, the product's own first."""
    return tuple(
        peer
        for family in FAMILIES
        for peer in importlib.import_module(f"tests.benchmarks.peers.{family}").PEERS
    )


def chosen(models: str) -> list[Peer]:
    """Take the models of which a part of the name is given; without any, the usual ones."""
    parts = [part.strip().lower() for part in models.split(",") if part.strip()]
    return [
        peer
        for peer in all_peers()
        if (any(part in peer.name.lower() for part in parts) if parts else peer.usual)
    ]


def judge(peer: Peer, parts: Split, seed: int) -> dict[str, Any]:
    """Fit a model on one split; give its metrics on the holdout and the processor's seconds.

    Every model is calibrated alike, by Platt scaling of its logits, and cut at the threshold of
    the best F1, both on customers it was not fitted to; the raw probability is judged beside it.
    """
    started = time.process_time()
    found = peer.judge(parts, seed)
    seconds = time.process_time() - started
    calibrated = _measures(found, parts, calibrate=True)
    raw = _measures(found, parts, calibrate=False)
    return {
        "seed": seed,
        "model": peer.name,
        "settings": peer.settings,
        "seconds": seconds,
        "customers_learnt": len(parts.training),
        "customers_held_out": len(parts.holdout),
        "rows_per_second": found.rows_per_second,
        **calibrated,
        **{f"{name}_raw": raw[name] for name in ("brier", "log_loss", "ece")},
    }


def _measures(found: Judged, parts: Split, *, calibrate: bool) -> dict[str, float | None]:
    slope, intercept = 1.0, 0.0
    if calibrate:
        platt = fit_platt(found.calibration_logits, found.calibration_label)
        slope, intercept = platt.slope, platt.intercept
    ours, theirs = (
        expit(slope * logits + intercept) for logits in (found.calibration_logits, found.holdout_logits)
    )
    threshold = best_f1_threshold(ours, found.calibration_label)
    measures = measure(theirs, label(parts.holdout), threshold=threshold, resamples=1, seed=0)
    return {name: each.value for name, each in measures}


def read_results(file: Path) -> Iterator[dict[str, Any]]:
    """Read what was measured; a line cut off by a kill is done again."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def append(file: Path, result: dict[str, Any]) -> None:
    """Add one line, after a line feed should a kill have cut off the last one."""
    with file.open("a+b") as lines:
        end = lines.seek(0, os.SEEK_END)
        if end:
            lines.seek(end - 1)
            if lines.read(1) != b"\n":
                lines.write(b"\n")
        lines.write(f"{json.dumps(result)}\n".encode())


def main() -> None:
    """Measure what is missing, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path, default=ROOT.parent / "shared" / "data" / "telco_churn.csv")
    parser.add_argument(
        "--seeds", type=parse_seeds, default=parse_seeds("160-199"), help="such as 10-49 or 3,5"
    )
    parser.add_argument("--models", default="", help="names, or parts of names, separated by commas")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "benchmarks" / "quality")
    parser.add_argument(
        "--report", type=Path, help="folder of quality.md and its plot; not written without it"
    )
    flags = parser.parse_args()
    if not flags.extract.is_file():
        parser.error("the real extract is not here: give its path by --extract (make: EXTRACT=path)")
    peers = chosen(flags.models)
    for peer in peers:
        print(f"{peer.name}: {peer.settings}", flush=True)
    customers = read_extract(
        flags.extract.read_bytes(), flags.extract.name, "training", IngestConfig()
    ).customers
    flags.out.mkdir(parents=True, exist_ok=True)
    file = flags.out / "results.jsonl"
    done = {(line["seed"], line["model"], line["settings"]) for line in read_results(file)}
    todo = [
        (peer, seed) for peer in peers for seed in flags.seeds if (seed, peer.name, peer.settings) not in done
    ]
    for i, (peer, seed) in enumerate(todo, start=1):
        result = judge(peer, split_customers(customers, SplitConfig(seed=seed)), seed)
        append(file, result)
        print(
            f"{i}/{len(todo)} seed {seed} {peer.name}: ROC-AUC {result['roc_auc']:.4f}, "
            f"{result['seconds']:.1f} s",
            flush=True,
        )
    if flags.report:
        write_report(list(read_results(file)), peers, flags.seeds, flags.report)


if __name__ == "__main__":
    main()
