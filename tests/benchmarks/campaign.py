"""Time a campaign against the scoring that it follows: `python -m tests.benchmarks.campaign --home HOME`.

Scores extracts of resampled customers with the home's champion, without contact lists and with one by which
one customer in a hundred objected, proposes campaigns from the latter and approves them, each as the command
that people use. Prints wall and CPU seconds, wall seconds against those of scoring, and peak memory. HOME
needs only a `registry/`; everything is written into `--out`.
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
LISTS: Final = (5_000, 50_000)
"""Contacts of the campaigns, whatever the number of customers."""
TOLERANT: Final = ("--set", "ingest.max_quarantined_share=0.5")


class Lap(NamedTuple):
    """Wall seconds, CPU seconds and peak memory in MB of one command."""

    wall: float
    cpu: float
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
    return Lap(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1_024)


def write_lists(extract: Path, folder: Path) -> tuple[Path, Path]:
    """Write an objection list with every hundredth customer and a basis for every one; return two settings.

    The first names the objections alone, the second both lists.
    """
    objections, basis = folder / "objections.csv", folder / "basis.csv"
    with extract.open() as lines, objections.open("w") as objected, basis.open("w") as based:
        next(lines)
        objected.write("customerID,objected_on,scope\n")
        based.write("customerID,channel,basis,since\n")
        for i, line in enumerate(lines):
            customer = line.partition(",")[0]
            based.write(f"{customer},phone,contract,2026-01-01\n")
            if not i % 100:
                objected.write(f"{customer},2026-01-01,all\n")
    without, both = folder / "night.yaml", folder / "bases.yaml"
    without.write_text(yaml.safe_dump({"contacts": {"objections": str(objections)}}))
    both.write_text(yaml.safe_dump({"contacts": {"objections": str(objections), "basis": str(basis)}}))
    return without, both


def write_campaign(folder: Path, contacts: int, **changes: object) -> Path:
    """Write the example with this budget, for whoever could be on it, with or without a basis."""
    campaign = yaml.safe_load((ROOT / "deployments" / "campaign.yaml").read_text())
    campaign |= {
        "id": f"best-{contacts}",
        "budget": {"contacts": contacts},
        "eligibility": {"bases": [], "rest_days": 0},
    } | changes
    file = folder / f"{campaign['id']}.yaml"
    file.write_text(yaml.safe_dump(campaign))
    return file


def measure(registry: Path, extract: Path, folder: Path) -> dict[str, Lap]:
    """Score without lists and with them, then propose and approve, in new homes."""
    shutil.rmtree(folder, ignore_errors=True)
    home, other = make_folder(folder / "home"), make_folder(folder / "other")
    for each in (home, other):
        shutil.copytree(registry, each / "registry")
    config, both = write_lists(extract, folder)
    scoring = ("flows/score_flow.py", "--extract", extract, "--as-of", "2026-03-01", *TOLERANT)
    laps = {"score without lists": command(other, *scoring)}
    shutil.rmtree(other)
    laps["score"] = command(home, *scoring, "--config", config)
    given = ("flows/campaign_flow.py", "--config", config, *TOLERANT)
    for contacts in LISTS:
        file = write_campaign(folder, contacts)
        proposing = command(home, *given, "--campaign", file, "--extract", extract)
        (proposal,) = (home / "proposals").glob(f"{file.stem}-*")
        laps[f"propose {contacts:,} contacts"] = proposing
        laps[f"approve {contacts:,} contacts"] = command(home, *given, "--approve", proposal, "--by", "x")
    needing = write_campaign(folder, LISTS[0], id="with-bases", eligibility={"rest_days": 0})
    with_bases = ("flows/campaign_flow.py", "--config", both, *TOLERANT)
    laps["propose, with a basis each"] = command(
        home, *with_bases, "--campaign", needing, "--extract", extract
    )
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
    print("| customers | command | wall s | times scoring | CPU s | peak MB |\n|--:|---|--:|--:|--:|--:|")
    for rows in flags.rows:
        extract, folder = extract_of(origin, extracts, rows), extracts / f"campaign-{rows}"
        laps = measure(flags.home / "registry", extract, folder)
        for name, lap in laps.items():
            ratio = lap.wall / laps["score"].wall
            figures = f"{lap.wall:.1f} | {ratio:.2f} | {lap.cpu:.1f} | {lap.peak:.0f}"
            print(f"| {rows:,} | {name} | {figures} |", flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
