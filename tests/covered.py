"""Print the test coverage of each module that determines scores; fail if one is below the limit.

Reads what `make coverage` measured.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

import coverage

ROOT: Final = Path(__file__).parents[1]
LEAST: Final = 95.0
"""Per cent, of the statements and branches of each module together and of its branches alone."""

MODULES: Final = (
    "schemas/extract.py",
    "schemas/customer_ids.py",
    "schemas/quarantine_reasons.py",
    "schemas/rules.py",
    "schemas/scores_name.py",
    "tasks/core/gate.py",
    "tasks/core/intake/as_of_date.py",
    "tasks/core/bundle/bundle_files.py",
    "tasks/core/intake/formats.py",
    "tasks/core/intake/delivered_file.py",
    "tasks/core/intake/delivery.py",
    "tasks/core/contract/row_judge.py",
    "tasks/core/contract/check_tables.py",
    "tasks/core/contract/vocabulary.py",
    "tasks/core/contract/number_cells.py",
    "tasks/core/contract/parse.py",
    "tasks/core/contract/quarantine.py",
    "tasks/core/storage/atomic.py",
    "tasks/core/storage/hashing.py",
    "tasks/core/storage/locks.py",
    "tasks/core/storage/seals.py",
    "tasks/core/storage/spill.py",
    "tasks/core/intake/archive.py",
    "tasks/core/intake/move_extract.py",
    "tasks/core/intake/rejects.py",
    "tasks/core/intake/inbox.py",
    "tasks/core/scores/folders.py",
    "tasks/core/scores/latest.py",
    "tasks/core/storage/move.py",
    "tasks/core/jobs/score_night.py",
    "tasks/core/jobs/night_outcome.py",
    "tasks/core/intake/parquet.py",
    "tasks/core/bundle/encoder.py",
    "tasks/core/jobs/move_champion.py",
    "tasks/core/operations/retention_log.py",
    "tasks/core/scores/publish.py",
    "tasks/core/bundle/registry.py",
    "tasks/core/bundle/onnx_graph.py",
    "tasks/core/access.py",
    "tasks/core/intake/unfinished_upload.py",
    "tasks/core/operations/deletion.py",
    "tasks/core/operations/expiry.py",
    "tasks/core/jobs/scoring_job.py",
    "tasks/core/intake/checksum_sidecar.py",
    "tasks/core/steps.py",
    "tasks/core/operations/sweep.py",
)


def read_measured(data: Path) -> dict[str, dict[str, int]]:
    """Return each module's counts of statements and branches, in total and run."""
    measured = coverage.Coverage(data_file=data, config_file=ROOT / "pyproject.toml")
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_bytes())["files"]
    return {name: found["summary"] for name, found in files.items()}


def share(done: int, of: int) -> float:
    """Return a share in per cent; 100 if there is nothing to count."""
    return 100 * done / of if of else 100.0


def falls_short(counts: dict[str, int]) -> bool:
    """Tell whether a module is covered too little."""
    run, branches = counts["covered_lines"], counts["covered_branches"]
    together = share(run + branches, counts["num_statements"] + counts["num_branches"])
    return min(together, share(branches, counts["num_branches"])) < LEAST


def table(measured: dict[str, dict[str, int]]) -> str:
    """Write the modules' counts as a Markdown table."""
    lines = ["| module | statements run | branches taken | together |", "| --- | --- | --- | --- |"]
    for module in MODULES:
        counts = measured[module]
        run, statements = counts["covered_lines"], counts["num_statements"]
        taken, branches = counts["covered_branches"], counts["num_branches"]
        together = share(run + taken, statements + branches)
        lines.append(f"| `{module}` | {run} of {statements} | {taken} of {branches} | {together:.1f} % |")
    return "\n".join(lines)


def main() -> str | None:
    """Print the table, and name the modules below the limit."""
    measured = read_measured(ROOT / ".coverage")
    print(table(measured))
    short = [module for module in MODULES if falls_short(measured[module])]
    return f"Covered by less than {LEAST:g} %: {', '.join(short)}. Test them." if short else None


if __name__ == "__main__":
    sys.exit(main())
