"""Put the product through every ordeal at full size: `python -m tests.torture.run` (`make torture`)."""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tasks.core.files import replace_file
from tests.torture import damage, disk, fuzz, kills, power
from tests.torture.outcome import Outcome
from tests.torture.trial import Trial

ROOT = Path(__file__).parents[2]
SEED = 20_261
FUZZED = {"extract": 1_000_000, "spec": 1_000_000, "bundle": 100_000}
Ordeal = Callable[[Path], list[Outcome]]


def ordeals(scale: float) -> dict[str, Ordeal]:
    """List every ordeal by name; `scale` is a share of the full size."""

    def part(full: int) -> int:
        return max(1, round(full * scale))

    def of(total: int) -> int | None:
        return None if scale >= 1 else part(total)

    return {
        "disk": lambda folder: disk.ordeal(folder, sample=of(100), seed=SEED, show=True),
        "power": power.ordeal,
        "kills": lambda folder: kills.kill(folder, part(250), seed=SEED, show=True),
        "races": lambda folder: kills.race(folder, part(200), show=True),
        "quotes": lambda _: damage.attack(sample=of(20_000), seed=SEED, show=True),
        "cuts": lambda _: damage.cut(sample=of(5_000), seed=SEED, show=True),
        "flips": lambda folder: damage.flip(folder, part(1_000), seed=SEED, show=True),
        "fuzzing": lambda folder: _fuzz(folder, scale),
        "control": lambda folder: [_control(folder)],
    }


def _fuzz(folder: Path, scale: float) -> list[Outcome]:
    template, _ = disk.make_template(folder)
    bundle = next((template / "registry" / "bundles").glob("[!.]*"))
    return [fuzz.guided(name, max(1, round(runs * scale)), folder, bundle) for name, runs in FUZZED.items()]


def _control(folder: Path) -> Outcome:
    """Try a writer that publishes file after file: the ordeal of the disk must catch it."""
    template, extract = disk.make_template(folder)
    naive = disk.try_all(Trial(template, "score-naively", extract), folder, 40, SEED, show=True)
    outcome = Outcome(f"control: a naive writer is caught ({len(naive.violations)} times)", naive.trials)
    outcome.seconds = naive.seconds
    if not naive.violations:
        outcome.violations.append("a writer that publishes file after file was not caught")
    return outcome


def report(outcomes: list[Outcome], scale: float) -> str:
    """Write the table of reliability.md."""
    rows = [
        f"| {each.name} | {each.trials:,} | {len(each.violations)} | {each.seconds:,.0f} |"
        for each in outcomes
    ]
    command = "make torture" if scale >= 1 else f"make torture SCALE={scale:g}"
    return "\n".join(
        [
            "# Reliability, measured",
            "",
            f"Written by `{command}` (`tests/torture/run.py`, seed {SEED}); {scale:.0%} of the full size.",
            "The head of each module of `tests/torture/` tells what is tried and what counts as a violation.",
            "CI runs a sample (`test_sample.py`); the deployment has its own (`make torture-deployment`).",
            "",
            "| ordeal | trials | violations | seconds |",
            "|---|--:|--:|--:|",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Run the ordeals and report; leave with 1 if anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default: 1, hours)")
    parser.add_argument("--only", help="names of ordeals, with commas between them")
    parser.add_argument("--report", type=Path, help="folder of reliability.md; printed only without it")
    flags = parser.parse_args()
    chosen = ordeals(flags.scale)
    names = flags.only.split(",") if flags.only else list(chosen)
    outcomes: list[Outcome] = []
    for name in names:
        print(f"{name} (seed {SEED})", flush=True)
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        try:
            for outcome in chosen[name](folder):
                outcomes.append(outcome)
                print("\n".join([outcome.line, *(f"  {each}" for each in outcome.violations)]), flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if flags.report:
            replace_file(flags.report / "reliability.md", report(outcomes, flags.scale).encode())
    raise SystemExit(1 if any(each.violations for each in outcomes) else 0)


if __name__ == "__main__":
    main()
