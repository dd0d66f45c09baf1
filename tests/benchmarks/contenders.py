"""Ways to score an extract, each in a process of its own.

One is run by `python -m tests.benchmarks.contenders NAME EXTRACT MODELS OUT`.

Only ours checks every row, sets bad ones aside, finds repeated customers and gives reasons.
"""

import math
import os
import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.benchmarks.pipelines import (
    BUNDLE,
    FEATURES,
    arrow_lightgbm,
    pandas_catboost,
    pandas_pandera,
    pandas_sklearn,
    polars_logistic,
)

PEAK = "peak-kib"
_HEAD_BYTES = 4 * 2**20
_TOLERATED_SHARE = 0.5
"""Bad rows tolerated; one kind of extract has more than the default. The limit costs no time."""


def ours(extract: Path, models: Path, out: Path, *, threads: int = 2) -> None:
    """Score by the engine, as a night does: hashed, checked, quarantined, repeats found, reasons given."""
    from schemas.config import IngestConfig
    from tasks.core.intake.hash_ahead import HashAhead

    hash_extract = HashAhead(extract)
    from schemas.cut_points import CutPoints
    from schemas.preprocessing import Spec
    from tasks.core.bundle.scorer import Scorer
    from tasks.core.contract.quarantine import write_quarantine
    from tasks.core.engine.stream import score_stream
    from tasks.core.extract.whole.whole_extract import Reading
    from tasks.core.intake.delivered_file import ExtractPath
    from tasks.core.intake.delivery import Texts
    from tasks.core.scores import publish

    folder, config = models / BUNDLE, IngestConfig(max_quarantined_share=_TOLERATED_SHARE)
    scorer = Scorer(
        (folder / "model.onnx").read_bytes(),
        Spec.model_validate_json((folder / "preprocessing.json").read_bytes()),
        CutPoints.model_validate_json((folder / "cut_points.json").read_bytes()),
        model_version=BUNDLE,
    )
    delivery = hash_extract(ExtractPath(extract, delivered=False))
    with closing(Reading(extract.name, "scoring", config, out)) as reading:
        findings, _ = score_stream(
            Texts(delivery, config),
            reading,
            scorer,
            out / publish.SCORES,
            threads=threads,
            on_block=lambda _: None,
        )
        write_quarantine(out, reading.quarantine(findings.repeats))


def parse_only(extract: Path, _models: Path, _out: Path) -> None:
    """Parse by pyarrow, batch by batch, and forget."""
    import pyarrow.csv as arrow_csv

    as_text = arrow_csv.ConvertOptions(column_types=dict.fromkeys(FEATURES, "string"))
    for _batch in arrow_csv.open_csv(extract, convert_options=as_text):
        pass


def infer_only(extract: Path, models: Path, _out: Path) -> None:
    """Run the network with its reasons on two threads, as often as the extract needs; nothing else."""
    from concurrent.futures import ThreadPoolExecutor

    from schemas.config import IngestConfig
    from schemas.preprocessing import Spec
    from tasks.core.bundle.encoder import encode
    from tasks.core.bundle.onnx_model import Model
    from tasks.core.extract.whole.in_memory import read_extract

    with extract.open("rb") as file:
        head = b"".join(file.readlines(_HEAD_BYTES))
    spec = Spec.model_validate_json((models / BUNDLE / "preprocessing.json").read_bytes())
    matrix = encode(read_extract(head, extract.name, "scoring", IngestConfig()).customers, spec)
    model = Model((models / BUNDLE / "model.onnx").read_bytes())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(model.reasons, [matrix] * math.ceil(_customers(extract) / len(matrix))))


def write_only(extract: Path, _models: Path, out: Path) -> None:
    """Write as many rows as the engine would, from memory, by pyarrow."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    rows = 100_000
    columns = {
        "customerID": [f"{i:04d}-ABCDE" for i in range(rows)],
        "churn_probability": [i / rows for i in range(rows)],
        "churn_flag": [i % 2 for i in range(rows)],
        "decile": [i % 10 + 1 for i in range(rows)],
        "risk_band": ["medium"] * rows,
        **{f"reason_{i}": ["InternetService"] * rows for i in (1, 2, 3)},
        "in_domain": [1] * rows,
        "model_version": ["0123456789abcdef"] * rows,
    }
    table = pa.table(columns)
    with arrow_csv.CSVWriter(out / "scores.csv", table.schema) as writer:
        for _ in range(_customers(extract) // rows):
            writer.write_table(table)


def _customers(extract: Path) -> int:
    return int(extract.stem.removeprefix("extract-"))


CONTENDERS: dict[str, Callable[[Path, Path, Path], None]] = {
    "engine, default model, reasons": ours,
    "engine, default model, one thread": lambda e, m, o: ours(e, m, o, threads=1),
    "pandas + scikit-learn logistic regression": lambda e, m, o: pandas_sklearn(e, m, o, model="logistic"),
    "pandas + LightGBM": lambda e, m, o: pandas_sklearn(e, m, o, model="lightgbm"),
    "pyarrow + LightGBM, tuned": arrow_lightgbm,
    "pandas + CatBoost": pandas_catboost,
    "pandas + pandera + onnxruntime": pandas_pandera,
    "polars, logistic regression": polars_logistic,
    "pyarrow, parsing only": parse_only,
    "pyarrow, writing only": write_only,
    "inferring only, default model, reasons": infer_only,
}

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    CONTENDERS[sys.argv[1]](*map(Path, sys.argv[2:5]))
    # Unlike getrusage this leaves out what the process was before it became this program.
    peak = re.search(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
    Path(sys.argv[4], PEAK).write_text(peak[1] if peak else "0")
