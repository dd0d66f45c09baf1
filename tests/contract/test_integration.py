import re
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.campaign_files import CALL_COLUMNS, MEASUREMENT_COLUMNS
from schemas.scores import QUARANTINE_COLUMNS, SCORE_COLUMNS
from tasks.core.bundle.examples import CONTRIBUTION_TOLERANCE, PROBABILITY_TOLERANCE
from tasks.core.bundle.onnx_model import CHUNK_ROWS
from tests.harness.customers import make_customers
from tests.harness.home import Home

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
AFTERWARDS = """
import sys

from schemas.scores import Scores

Scores.validate(scores)
print(*{"prefect", "torch", "sklearn", "onnx"} & set(sys.modules))
"""


@pytest.mark.parametrize(
    ("block", "output"),
    [
        (BLOCKS[0], r"churn_probability +0\.\d+\nrisk_band +\w+\nreason_1 +\w*\nName: 0, .*\n\n"),
        (BLOCKS[1], r"39 scored, 1 in quarantine\n\n"),
        (BLOCKS[2], r"2 objected\n\n"),
    ],
)
def test_the_examples_run(trained_home: Home, tmp_path: Path, block: str, output: str) -> None:
    """Each Python example does what it says, and loads neither Prefect nor a training library."""
    (tmp_path / "var").symlink_to(trained_home.path)
    customers = make_customers(40).astype({"tenure": "str"})
    if "contacts" not in block:
        customers.loc[3, "tenure"] = "-1"
    rows = "".join(f"{customers['customerID'][row].lower()},2026-01-01,all\n" for row in (5, 7))
    (tmp_path / "objections_2026-03-02.csv").write_text("customerID,objected_on,scope\n" + rows)
    customers.to_csv(tmp_path / "crm_2026-03-02.csv", index=False)
    assert trained_home.champion is not None
    program = re.sub(r"bundles/\w{16}", f"bundles/{trained_home.champion.manifest.bundle_id}", block)

    done = subprocess.run(
        [sys.executable, "-c", program + AFTERWARDS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(output, done.stdout)


def test_every_example_is_tested() -> None:
    """No Python example of the page is left out above."""
    assert len(BLOCKS) == 3


def test_the_figures_of_the_page() -> None:
    """Rows of a run and tolerances are the product's own."""
    assert f"`features` ({CHUNK_ROWS}, F)" in PAGE
    assert f"| `probability` | within {PROBABILITY_TOLERANCE:.0e} |".replace("e-0", "e-") in PAGE
    assert f"| `contributions` | each within {CONTRIBUTION_TOLERANCE:.0e} logits".replace("e-0", "e-") in PAGE


def test_every_published_column_is_explained() -> None:
    """The table of what is published names every column of scores.csv and quarantine.csv."""
    named = {*re.findall(r"`(\w+)`", PAGE.partition("## What is published")[2]), "reason_2"}

    assert {*SCORE_COLUMNS, *QUARANTINE_COLUMNS} <= named


def test_the_columns_of_a_campaign_are_documented() -> None:
    """All of them, in order."""
    section = PAGE[PAGE.index("### An approved campaign") :]
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert re.findall("`([A-Za-z_0-9]+)`", " ".join(first_cells)) == list(CALL_COLUMNS)
    assert all(f"`{name}`" in section for name in MEASUREMENT_COLUMNS)
