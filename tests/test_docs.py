"""The documents are correct, as far as a machine can check."""

import csv
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from schemas.config import ContactsConfig, ScoreConfig
from schemas.quarantine_reasons import HINTS
from schemas.status import AlarmCode
from tasks.core import errors
from tasks.core.contract.vocabulary import check_value_maps, contract_names
from tasks.core.settings import load_config
from tests.covered import MODULES

ROOT = Path(__file__).parents[1]
FOREIGN = {".venv", "var", ".pytest_cache", "node_modules"}
PAGES = [path for path in ROOT.rglob("*.md") if not FOREIGN & set(path.parts)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file or folder of the project."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_flags_exist(page: Path) -> None:
    """Every flag that a page gives one of our programs is one that the program has."""
    for program, rest in re.findall(r"python flows/(\w+)\.py([^\n`]*)", page.read_text(encoding="utf-8")):
        source = (ROOT / "flows" / f"{program}.py").read_text() + (ROOT / "flows" / "cli.py").read_text()
        unknown = [flag for flag in re.findall(r"--[a-z][a-z-]*", rest) if f'"{flag}"' not in source]
        assert unknown == [], program


def test_the_readme_is_short() -> None:
    """The README stays readable in a sitting, and opens with the two commands."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120
    assert any(line.startswith("make train") for line in lines[:12])
    assert any(line.startswith("make test") for line in lines[:12])


def test_every_exit_code_has_its_page() -> None:
    """Each error's exit code, 3 for a refused candidate and 4 for alarms stand in the operations page."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    codes = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.ChurnError)
    }

    assert all(f"| {code} |" in page for code in {0, 3, 4, *codes})


def test_the_example_of_settings_can_be_used(tmp_path: Path) -> None:
    """The maps on the operations page are read as they stand there, without a quote too many."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(# ingest\.yaml.*?)```", page, flags=re.DOTALL)
    (tmp_path / "ingest.yaml").write_text(example)

    ingest = load_config(ScoreConfig, tmp_path / "ingest.yaml", []).ingest

    check_value_maps(ingest)
    assert set(contract_names(tuple(ingest.aliases), ingest)) == {"tenure", "customerID"}
    assert ingest.value_maps["SeniorCitizen"] == {"No": "0", "Yes": "1"}
    assert ingest.allow_personal_columns


def test_the_example_of_contact_lists_can_be_used(tmp_path: Path) -> None:
    """It names every setting, with its default where there is one."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(# night\.yaml.*?)```", page, flags=re.DOTALL)
    (tmp_path / "night.yaml").write_text(example)

    contacts = load_config(ScoreConfig, tmp_path / "night.yaml", []).contacts

    assert contacts is not None
    assert contacts.model_fields_set == set(ContactsConfig.model_fields)
    assert contacts == ContactsConfig(objections=contacts.objections, basis=contacts.basis)


def test_every_alarm_has_its_line() -> None:
    """Each alarm of the status stands in the operations page, with what to do."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert all(f"| `{code}` |" in page for code in get_args(AlarmCode))


def test_every_reason_is_in_the_contract() -> None:
    """No reason code is undocumented."""
    page = (ROOT / "docs" / "data-contract.md").read_text(encoding="utf-8")

    assert all(f"`{code}`" in page for code in HINTS)


def tracked() -> list[Path]:
    """List the files of the project, as version control sees them."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_table_is_committed() -> None:
    """No extract, database or archive is among the files, apart from a home of simulated customers."""
    suffixes = {".csv", ".gz", ".zip", ".parquet", ".xlsx", ".db", ".sqlite", ".onnx", ".pt"}

    assert [path.name for path in tracked() if path.suffix in suffixes] == ["home_2026-11.tar.gz"]


@pytest.mark.real
def test_no_customer_of_the_public_sample_is_named(real_extract: Path) -> None:
    """No id of the real extract stands in the project's files, tests and documents included."""
    form = re.compile(rb"[0-9]{4}-[A-Z]{5}")
    with real_extract.open(encoding="utf-8-sig", newline="") as file:
        ids = {row["customerID"].encode() for row in csv.DictReader(file)}
    named = [
        (path.name, customer.decode())
        for path in tracked()
        if path.is_file()
        for customer in form.findall(path.read_bytes())
        if customer in ids
    ]

    assert ids
    assert all(map(form.fullmatch, ids)), "ids of another form than is looked for"
    assert named == []


def test_no_machine_is_named() -> None:
    """No path of one machine and no package registry's host stands in the project's files."""
    homes = (str(ROOT.parent) + "/", str(Path.home()) + "/")
    named = [
        (path.name, trace)
        for path in tracked()
        if path.is_file() and path.suffix not in {".gz", ".png", ".pptx"}
        for trace in (*homes, "file://" + "/", "pypi" + ".org", "--index" + "-url http")
        if trace in path.read_text(encoding="utf-8")
    ]

    assert named == []


def test_the_table_of_coverage_has_every_module_that_is_held_to_it() -> None:
    """CONTRIBUTING shows a row for each module of tests/covered.py, in its order."""
    page = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert tuple(re.findall(r"^\| `([^`]+)` \| \d+ of", page, flags=re.MULTILINE)) == MODULES
    assert all((ROOT / module).is_file() for module in MODULES)
