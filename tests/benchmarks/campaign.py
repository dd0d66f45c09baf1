"""Time a campaign against the scoring that it follows: `python -m tests.benchmarks.campaign --home HOME`.

Scores extracts of resampled customers with the home's champion, proposes a campaign from the scores and
approves it, each as the command that people use, and prints wall seconds, their ratio, and peak memory. One
customer in a hundred objected. HOME needs only a `registry/`; everything is written into `--out`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from tasks.core.storage.atomic import make_folder
from tests.benchmarks.extracts import Origin, extract_of

ROOT: Final = Path(__file__).parents[2]
LIST: Final = 50_000
"""Contacts of the campaign, whatever the number of customers."""


class Lap(NamedTuple):
    """Wall seconds and peak memory in MB of one command."""

    wall: float
    peak: float


def command(home: Path, *arguments: object) -> Lap:
    """Run a flow by hand, without Prefect."""
    env = os.environ | {
        "CHURN_HOME": str(home),
        "CHURN_KEY": "a key of the benchmark, long enough",
        "CHURN_PREFECT_WAIT_SECONDS": "0",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[0]} failed: run it by hand with CHURN_HOME={home}")
    return Lap(time.perf_counter() - started, usage.ru_maxrss / 1_024)


def write_lists(extract: Path, folder: Path) -> Path:
    """Write an objection list with every hundredth customer, and the setting that names it."""
    with extract.open() as lines, (folder / "objections.csv").open("w") as out:
        next(lines)
        out.write("customerID,objected_on,scope\n")
        out.writelines(
            f"{line.partition(',')[0]},2026-01-01,all\n" for i, line in enumerate(lines) if not i % 100
        )
    config = folder / "night.yaml"
    config.write_text(yaml.safe_dump({"contacts": {"objections": str(folder / "objections.csv")}}))
    return config


def measure(registry: Path, extract: Path, folder: Path) -> dict[str, Lap]:
    """Score, propose and approve in a new home."""
    shutil.rmtree(folder, ignore_errors=True)
    home = make_folder(folder / "home")
    shutil.copytree(registry, home / "registry")
    config = write_lists(extract, folder)
    campaign = yaml.safe_load((ROOT / "deployments" / "campaign.yaml").read_text())
    campaign |= {"budget": {"contacts": LIST}, "eligibility": {"bases": []}}
    (folder / "campaign.yaml").write_text(yaml.safe_dump(campaign))
    shared = ("--config", config, "--set", "ingest.max_quarantined_share=0.5")
    laps = {
        "score": command(home, "flows/score_flow.py", *shared, "--extract", extract, "--as-of", "2026-03-01")
    }
    given = ("flows/campaign_flow.py", *shared)
    laps["propose"] = command(home, *given, "--campaign", folder / "campaign.yaml", "--extract", extract)
    (proposal,) = (home / "proposals").glob("[!.]*")
    laps["approve"] = command(home, *given, "--approve", proposal.name, "--by", "benchmark")
    return laps


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="home folder with a champion")
    parser.add_argument("--extract", type=Path, help="real extract to resample (default: simulated)")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, required=True, help="folder for extracts and homes")
    flags = parser.parse_args()
    origin = Origin(flags.extract)
    extracts = origin.folder(flags.out.absolute())
    print("| customers | command | wall s | times scoring | peak MB |\n|--:|---|--:|--:|--:|")
    for rows in flags.rows:
        extract, folder = extract_of(origin, extracts, rows), extracts / f"campaign-{rows}"
        laps = measure(flags.home / "registry", extract, folder)
        for name, lap in laps.items():
            ratio = lap.wall / laps["score"].wall
            print(f"| {rows:,} | {name} | {lap.wall:.1f} | {ratio:.2f} | {lap.peak:.0f} |", flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
