"""Where the engine's time goes: `python -m tests.benchmarks.stages EXTRACT BUNDLE OUT`.

Every stage is timed by its thread's processor clock, without what it calls of the others, in nanoseconds a
customer. The engine runs twice, on one thread and on two.
"""

import argparse
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import wraps
from pathlib import Path
from threading import Lock, local
from time import thread_time_ns
from typing import Any, Final

from schemas.config import IngestConfig
from schemas.cut_points import CutPoints
from schemas.preprocessing import Spec
from tasks.core.bundle import scorer
from tasks.core.bundle.encoder import Encoder
from tasks.core.bundle.onnx_model import BoundRun
from tasks.core.bundle.scores_csv import ScoresCsv
from tasks.core.engine import stream
from tasks.core.extract.fast.accept import Acceptor
from tasks.core.extract.reader import block_reader, file_reader
from tasks.core.extract.whole.duplicates import RepeatFinder
from tasks.core.extract.whole.whole_extract import Reading
from tasks.core.intake.delivered_file import DeliveredFile, ExtractPath
from tasks.core.intake.delivery import Texts, identify

STAGES: Final[dict[str, tuple[Any, str]]] = {
    "read the file and hash it": (DeliveredFile, "read"),
    "cut it into blocks": (file_reader, "cut_blocks"),
    "scan": (Acceptor, "_scan"),
    "check values, rules and ids": (Acceptor, "accept"),
    "judge the other lines one by one": (block_reader.BlockReader, "_read_lines"),
    "make the rows' keys": (block_reader, "keys_of_accepted"),
    "the rest of reading": (file_reader.SourceReader, "read"),
    "encode": (Encoder, "encode"),
    "run the model": (BoundRun, "run"),
    "compare with the training domain": (Encoder, "in_domain"),
    "write rows": (ScoresCsv, "rows"),
    "the rest of scoring": (scorer.Scorer, "rows"),
    "spill keys": (RepeatFinder, "add"),
    "append to scores.csv, add counts": (stream.Gathering, "add"),
    "sync to disk": (stream.Gathering, "flush"),
    "find repeats and take them out": (stream.Gathering, "finish"),
}


class Stopwatch:
    """Nanoseconds of processor time by stage, over all threads."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.spent: defaultdict[str, int] = defaultdict(int)
        self._lock, self._open = Lock(), local()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Time a function, or every step of the iterator that it returns."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            result = self._time(stage, lambda: function(*args, **kwargs))
            return self._each(stage, result) if isinstance(result, Iterator) else result

        return run

    def _each(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (item := self._time(stage, lambda: next(items, end))) is not end:
            yield item

    def _time(self, stage: str, work: Callable[[], Any]) -> Any:
        stack = self._open.__dict__.setdefault("stack", [])
        stack.append(0)
        began = thread_time_ns()
        try:
            return work()
        finally:
            spent = thread_time_ns() - began
            inside = stack.pop()
            if stack:
                stack[-1] += spent
            with self._lock:
                self.spent[stage] += spent - inside


def measure(extract: Path, bundle: Path, out: Path, *, threads: int) -> dict[str, float]:
    """Score an extract and return nanoseconds of processor time a customer by stage."""
    config = IngestConfig(max_quarantined_share=1.0)
    engine = scorer.Scorer(
        (bundle / "model.onnx").read_bytes(),
        Spec.model_validate_json((bundle / "preprocessing.json").read_bytes()),
        CutPoints.model_validate_json((bundle / "cut_points.json").read_bytes()),
        model_version="default",
    )
    texts = Texts(identify(ExtractPath(extract, delivered=False)), config)
    watch = Stopwatch()
    before = {stage: (owner, name, getattr(owner, name)) for stage, (owner, name) in STAGES.items()}
    with tempfile.TemporaryDirectory(dir=out) as folder:
        scores = Path(folder) / "scores.csv"
        try:
            for stage, (owner, name, function) in before.items():
                setattr(owner, name, watch.timed(stage, function))
            with closing(Reading(extract.name, "scoring", config, scores.parent)) as reading:
                findings, _ = stream.score_stream(
                    texts, reading, engine, scores, threads=threads, on_block=lambda _: None
                )
        finally:
            for owner, name, function in before.values():
                setattr(owner, name, function)
    return {stage: watch.spent[stage] / findings.counts.received for stage in STAGES}


def measure_both(extract: Path, bundle: Path, out: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Measure on one thread and on two, once the compiled code has been loaded."""
    measure(extract, bundle, out, threads=2)
    return measure(extract, bundle, out, threads=1), measure(extract, bundle, out, threads=2)


def table(one: dict[str, float], two: dict[str, float]) -> str:
    """Write both runs side by side, with sums."""
    rows = [f"| {stage} | {one[stage]:,.0f} | {two[stage]:,.0f} |" for stage in STAGES]
    total = f"| **all of it** | {sum(one.values()):,.0f} | {sum(two.values()):,.0f} |"
    return "\n".join(["| stage | one thread | two threads |", "|---|--:|--:|", *rows, total])


def main() -> None:
    """Measure and print the table, or write it as JSON for the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extract", type=Path)
    parser.add_argument(
        "bundle", type=Path, help="folder with model.onnx, preprocessing.json, cut_points.json"
    )
    parser.add_argument("out", type=Path, help="folder to write in; what is written there is deleted")
    flags = parser.parse_args()
    shutil.rmtree(flags.out, ignore_errors=True)
    flags.out.mkdir(parents=True)
    print(table(*measure_both(flags.extract, flags.bundle, flags.out)))


if __name__ == "__main__":
    main()
