import io
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.customer_ids import is_damaged
from tasks.core.campaigns.language import LanguageCode, texts_of
from tasks.core.campaigns.lists.columns import PEOPLE_COLUMNS, rows_for_people
from tasks.core.campaigns.lists.excel import ListWorkbook
from tests.harness.campaigns import make_proposal, make_rows
from tests.harness.workbook import sheet_xml, sheets

DANGEROUS = [
    "=1+1",
    "+33",
    "-5",
    "@x",
    "\tx",
    "\rx",
    " =1+1",
    "\u00a0=1+1",
    "\uff1d1+1",
    "http://x.y",
    "_x0041_",
]


def write(path: Path, ids: list[str], code: LanguageCode = "fr") -> Path:
    """Write a list of these ids."""
    with path.open("wb") as file:
        workbook = ListWorkbook(file, path.parent, make_proposal(code), ["first line", "second line"])
        workbook.add(rows_for_people(make_rows(ids), code))
        workbook.close()
    return path


def column(path: Path, name: str, sheet: str = "Liste") -> list[object]:
    """Read one column without its header."""
    return [row[PEOPLE_COLUMNS.index(name)] for row in sheets(path)[sheet][1:]]


@pytest.mark.parametrize("id_", ["0012", "0001-ABCDE", "é<&>\"'", "12E5", *DANGEROUS])
def test_every_id_stays_text(tmp_path: Path, id_: str) -> None:
    """Exactly as the CRM wrote it: no formula, no link, no number, no escape."""
    path = write(tmp_path / "a.xlsx", [id_])

    assert column(path, "customerID") == [id_]
    assert "<f>" not in sheet_xml(path, 1)
    assert "hyperlink" not in sheet_xml(path, 1)


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1, max_size=40).filter(lambda text: not is_damaged(text)), min_size=1))
def test_any_id_of_a_crm_stays_text(ids: list[str]) -> None:
    """Whatever the contract accepts as an id."""
    file = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        workbook = ListWorkbook(file, Path(folder), make_proposal(), [])
        workbook.add(rows_for_people(make_rows(ids), "fr"))
        workbook.close()

    assert [row[0] for row in sheets(file)["Liste"][1:]] == ids


def test_numbers_are_numbers_and_days_are_days(tmp_path: Path) -> None:
    """So they can be sorted, summed and filtered; everything else is text."""
    path = write(tmp_path / "a.xlsx", ["a", "b"])

    assert column(path, "priority") == [1.0, 2.0]
    assert column(path, "decile") == [1.0, 3.0]
    assert column(path, "monthly_value") == [70.35, 71.35]
    assert column(path, "expected_value") == [51.28, 47.78]
    assert column(path, "valid_until") == [date(2026, 12, 14)] * 2
    assert column(path, "scored_on") == [date(2026, 11, 30)] * 2
    assert column(path, "risk_band") == ["moyen", "élevé"]
    assert column(path, "phone") == ["oui", "oui"]
    assert column(path, "email") == ["non", "oui"]
    assert column(path, "adviser_decision") == [None, None]


@pytest.mark.parametrize(("code", "names"), [("fr", ["Liste", "À lire"]), ("en", ["List", "Read me"])])
def test_the_list_comes_first_and_then_what_to_read(
    tmp_path: Path, code: LanguageCode, names: list[str]
) -> None:
    """The list is a table from its first row on, with labels in the campaign's language."""
    found = sheets(write(tmp_path / "a.xlsx", ["a"], code))

    assert list(found) == names
    labels = texts_of("lists/words.toml", code)["labels"]
    assert found[names[0]][0] == [labels[name] for name in PEOPLE_COLUMNS]
    assert found[names[1]] == [["first line"], ["second line"]]


def test_a_decision_is_chosen_from_a_closed_list(tmp_path: Path) -> None:
    """On every row of the list; the header stays in view and filters."""
    xml = sheet_xml(write(tmp_path / "a.xlsx", ["a", "b", "c"]), 1)

    assert '<dataValidation type="list"' in xml
    assert 'sqref="G2:G4"' in xml
    assert '"accepté,refusé,injoignable,à rappeler,ne plus contacter"' in xml
    assert '<autoFilter ref="A1:R4"/>' in xml
    assert '<pane xSplit="1" ySplit="1" topLeftCell="B2"' in xml


def test_what_an_adviser_reads_is_printed(tmp_path: Path) -> None:
    """The first nine columns of every row, as wide as the page; the other nine are for filters."""
    path = write(tmp_path / "a.xlsx", ["a", "b", "c"])
    with zipfile.ZipFile(path) as packed:
        book = packed.read("xl/workbook.xml").decode()
    assert "Liste!$A$1:$I$4</definedName>" in book
    assert PEOPLE_COLUMNS[8] == "expected_value"
    assert '<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>' in sheet_xml(path, 1)


def test_a_long_list_goes_on_to_further_sheets(tmp_path: Path) -> None:
    """Each with its header, filter and closed list; no customer is lost."""
    with patch("tasks.core.campaigns.lists.excel.SHEET_ROWS", 3):
        path = write(tmp_path / "a.xlsx", list("abcdefgh"))
    found = sheets(path)

    assert list(found) == ["Liste", "À lire", "Liste 2", "Liste 3"]
    lists = [found[name] for name in ("Liste", "Liste 2", "Liste 3")]
    assert [len(rows) - 1 for rows in lists] == [3, 3, 2]
    assert [row[0] for rows in lists for row in rows[1:]] == list("abcdefgh")
    assert all(rows[0] == lists[0][0] for rows in lists)
    assert 'sqref="G2:G3"' in sheet_xml(path, 4)


def test_an_empty_list_is_a_header(tmp_path: Path) -> None:
    """Nobody to contact is no error."""
    assert len(sheets(write(tmp_path / "a.xlsx", []))["Liste"]) == 1
