"""Run every torture test at full size: `make torture`."""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks.core.storage.atomic import make_folder, replace_file
from tests.torture import damage, disk, fuzz, kills, orchestrator, power
from tests.torture.broken import open_without_digests, read_by_pandas
from tests.torture.outcome import Outcome, control
from tests.torture.trial import Trial

KEPT = Path(__file__).parents[2] / "var" / "benchmarks" / "torture.json"
FOUND = KEPT.parent / "fuzzing"
SEED = 20_261
FUZZED = {"extract": 1_000_000, "spec": 1_000_000, "bundle": 100_000}
PROVEN = {
    "a thousand redeliveries change nothing": (
        "tests/core/test_deliveries.py::test_a_thousand_redeliveries_change_nothing"
    ),
    "a week in any order ends alike": "tests/core/test_deliveries.py::test_a_week_in_any_order_ends_alike",
    "missed nights are scored by the next run": (
        "tests/flows/test_missed_nights.py::test_missed_nights_are_scored_by_the_next_run"
    ),
    "no value of a customer gets out": "tests/flows/test_canaries.py::test_no_canary_gets_out",
    "one night a date from 2026 to 2036": "tests/flows/test_deployment.py::test_every_date_has_its_run",
    "a dead runner's night is scored again": "tests/torture/dead_runner.py::test_a_killed_runner",
}
"""Where promises are proven that no torture test tries."""
_BY_PANDAS = "a reader that counts neither line ends nor cells"

TortureTest = Callable[[Path], list[Outcome]]


def torture_tests(scale: float) -> dict[str, TortureTest]:
    """List every torture test by name; `scale` is a share of the full size."""

    def part(full: int) -> int:
        return max(1, round(full * scale))

    def of(total: int) -> int | None:
        return None if scale >= 1 else part(total)

    return {
        "disk": lambda folder: disk.torture(
            folder, ("score", "score-carried", "promote"), of(100), seed=SEED, show=True
        ),
        "disk-train": lambda folder: disk.torture(folder, ("train",), of(100), seed=SEED, show=True),
        "power": power.torture,
        "kills": lambda folder: [
            *kills.kill(folder, part(250), ("score", "promote"), seed=SEED, show=True),
            *kills.kill_controls(_inside(folder), 20, seed=SEED, show=True),
        ],
        "kills-train": lambda folder: kills.kill(folder, part(250), ("train",), seed=SEED, show=True),
        "kills-large": lambda folder: kills.kill(
            folder, part(50), ("score",), customers=1_000_000, seed=SEED, show=True
        ),
        "races": lambda folder: [
            *kills.race(folder, part(200), show=True),
            *kills.race_controls(_inside(folder), 20, show=True),
        ],
        "orchestrator": lambda folder: orchestrator.torture(folder, part(144), seed=SEED, show=True),
        "quotes": lambda _: [
            *damage.attack(sample=of(20_000), seed=SEED, show=True),
            control(_BY_PANDAS, *damage.attack(read_by_pandas, 100, seed=SEED, show=True)),
        ],
        "cuts": lambda _: [
            *damage.cut(sample=of(5_000), seed=SEED, show=True),
            # if the last column is a number, no reader can tell
            control(_BY_PANDAS, damage.cut(read_by_pandas, 400, seed=SEED, show=True)[0], "changed"),
        ],
        "flips": lambda folder: _flip(folder, part(1_000)),
        "fuzzing": lambda folder: _fuzz(folder, scale),
        "control": lambda folder: [_control(folder)],
    }


def _inside(folder: Path) -> Path:
    """Make a folder for the controls, which need their own home."""
    return make_folder(folder / "controls")


def _flip(folder: Path, flips: int) -> list[Outcome]:
    template, _ = disk.make_template(folder)
    broken = damage.flip(template, _inside(folder), 100, open_without_digests, seed=SEED, show=True)
    return [
        damage.flip(template, folder, flips, seed=SEED, show=True),
        control("a reader that checks no digests", broken),
    ]


def _fuzz(folder: Path, scale: float) -> list[Outcome]:
    template, _ = disk.make_template(folder)
    bundle = next((template / "registry" / "bundles").glob("[!.]*"))
    outcomes = [
        fuzz.guided(name, max(1, round(runs * scale)), folder, bundle, FOUND) for name, runs in FUZZED.items()
    ]
    broken = fuzz.guided(fuzz.TRIPPING, 10_000, folder, bundle, folder)
    return [*outcomes, control("a reader that trips over bytes above 127", broken, "UnicodeDecodeError")]


def _control(folder: Path) -> Outcome:
    """Test a writer that publishes file after file: the torture test of the disk must catch it."""
    template, extract = disk.make_template(folder)
    naive = disk.try_all(Trial(template, "score-naively", extract), folder, 40, SEED, show=True)
    return control("a writer that publishes file after file", naive)


def report(kept: dict[str, Any]) -> str:
    """Write reliability.md: the last run of every torture test, or that it was not run."""
    rows = [row for name in torture_tests(1) for row in _rows(name, kept.get(name))]
    return "\n".join(
        [
            "# Reliability, measured",
            "",
            f"Written by `make torture` (`tests/torture/run.py`, seed {SEED}): the last run",
            "of each torture test, at full size unless a `SCALE` is given.",
            "The docstring of each module of `tests/torture/` says what is tried and what is a violation.",
            "CI runs a sample (`test_*.py`); the deployment has its own (`make torture-deployment`).",
            "A `control` is a writer or reader broken on purpose, and caught as often as its line says.",
            "`disk-train` has that of `control`; `kills-train` and `kills-large` have those of `kills`:",
            "the same harness, with another flow or a larger extract.",
            "",
            "| torture test | trials | violations | seconds | command |",
            "|---|--:|--:|--:|---|",
            *rows,
            "",
            "What else is promised is proven by tests, which need no figures:",
            "",
            "| promise | test |",
            "|---|---|",
            *(f"| {promise} | `{test}` |" for promise, test in PROVEN.items()),
            "",
        ]
    )


def _rows(name: str, last: dict[str, Any] | None) -> list[str]:
    if last is None:
        return [f"| {name} | not run | | | `make torture ONLY={name}` |"]
    return [
        f"| {outcome['name']} | {outcome['trials']:,} | {len(outcome['violations'])}"
        f" | {outcome['seconds']:,.0f} | `make torture ONLY={name}{_scaled(last['scale'])}` |"
        for outcome in last["outcomes"]
    ]


def _scaled(scale: float) -> str:
    return "" if scale >= 1 else f" SCALE={scale:g}"


def _keep(name: str, scale: float, outcomes: list[Outcome]) -> dict[str, Any]:
    """Store the outcome of a torture test with those of earlier runs; return all, in order."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[name] = {"scale": scale, "outcomes": [asdict(each) for each in outcomes]}
    make_folder(KEPT.parent)
    replace_file(KEPT, json.dumps(kept, indent=1).encode())
    return {each: kept[each] for each in torture_tests(1) if each in kept}


def main() -> None:
    """Run the torture tests and report; exit with 1 if there was a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default: 1, hours)")
    parser.add_argument("--only", help="names of torture tests, with commas between them")
    parser.add_argument("--report", type=Path, help="folder of reliability.md; printed only without it")
    flags = parser.parse_args()
    chosen = torture_tests(flags.scale)
    names = flags.only.split(",") if flags.only else list(chosen)
    violated = False
    for name in names:
        print(f"{name} (seed {SEED})", flush=True)
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        outcomes: list[Outcome] = []
        try:
            for outcome in chosen[name](folder):
                outcomes.append(outcome)
                print("\n".join([outcome.line, *(f"  {each}" for each in outcome.violations)]), flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        violated = violated or any(each.violations for each in outcomes)
        kept = _keep(name, flags.scale, outcomes)
        if flags.report:
            replace_file(flags.report / "reliability.md", report(kept).encode())
    raise SystemExit(1 if violated else 0)


if __name__ == "__main__":
    main()
