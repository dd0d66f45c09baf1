"""LibreOffice is the judge of what a spreadsheet does to the lists."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from tasks.core.campaigns.lists.call_list import PEOPLE_LIST, PEOPLE_WORKBOOK, open_call_list
from tasks.core.campaigns.lists.columns import PEOPLE_COLUMNS, PEOPLE_KINDS, rows_for_people
from tasks.core.campaigns.lists.csv_text import is_plain_text
from tests.harness.campaigns import make_proposal, make_rows
from tests.harness.libreoffice import opened

BLANKS = ("", " ", "   ", "\u00a0", "\u202f", "\u3000", "\u200b", "\ufeff")
FORMULAS = (
    "=1+1",
    "+33",
    "-5",
    "@x",
    "\tx",
    "=A1",
    "+SUM(1;2)",
    "\uff1d1+1",
    "\uff0b33",
    "\uff0d5",
    "\uff20x",
)
VALUES = (
    *(
        "0012",
        "12",
        "123456789012345678",
        "12/34",
        "1-2",
        "3-4-05",
        "1.5",
        "1,5",
        "1 000",
        "10%",
        "5€",
        "12E5",
    ),
    *(
        "12:30",
        "MAR-12",
        "12 MARS",
        "1-mai",
        "août",
        "May 2026",
        "3 pm",
        "TRUE",
        "vrai",
        "2026-03-01",
        "１２",
    ),
)
TEXTS = ("0001-ABCDE", "é;\"à'", "A12", "SIM-000012", "<b>&amp;", "_x0041_", "N°5", "a=b")
IDS = [blank + text for text in (*FORMULAS, *VALUES, *TEXTS) for blank in BLANKS]


def number(text: str) -> float:
    """Read a number as the French write it, with blanks between thousands."""
    return float("".join(text.split()).replace(",", "."))


def day(text: str) -> date:
    """Read a day, with two or four digits of the year."""
    return datetime.strptime(text, "%d/%m/%Y" if len(text) == 10 else "%d/%m/%y").date()  # noqa: DTZ007


READ: dict[str, Callable[[str], object]] = {"text": str, "money": number, "whole": number, "day": day}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the lists of customers with every strange id."""
    folder = tmp_path_factory.mktemp("lists")
    with open_call_list(folder, make_proposal()) as lists:
        lists.add(make_rows(IDS))
    return folder


@pytest.mark.long
def test_libreoffice_leaves_the_workbook_alone(folder: Path, tmp_path: Path) -> None:
    """Every text is exactly itself, every amount has its decimals, every day is shown as JJ/MM/AAAA."""
    _, *rows = opened(folder / PEOPLE_WORKBOOK, tmp_path)
    expected = list(rows_for_people(make_rows(IDS), "fr"))

    assert len(rows) == len(expected)
    for row, cells in zip(rows, expected, strict=True):
        for name, kind, shown, cell in zip(PEOPLE_COLUMNS, PEOPLE_KINDS, row, cells, strict=True):
            assert READ[kind](shown) == cell, name
            assert kind != "money" or shown.strip()[-3] == ","
            assert kind != "day" or len(shown) == 10


@pytest.mark.long
def test_libreoffice_leaves_the_csv_file_alone(folder: Path, tmp_path: Path) -> None:
    """Even where it guesses types and computes formulas: what it would change begins with an apostrophe."""
    _, *rows = opened(folder / PEOPLE_LIST, tmp_path)
    expected = list(rows_for_people(make_rows(IDS), "fr"))

    assert len(rows) == len(expected)
    for row, cells in zip(rows, expected, strict=True):
        for name, kind, shown, cell in zip(PEOPLE_COLUMNS, PEOPLE_KINDS, row, cells, strict=True):
            plain = shown if kind != "text" or is_plain_text(str(cell)) else shown.removeprefix("'")
            assert READ[kind](plain) == cell, name


@pytest.mark.long
def test_libreoffice_is_a_judge(tmp_path: Path) -> None:
    """A CSV file without our care is changed: the zeros are gone, and the formula is computed."""
    careless = tmp_path / "careless.csv"
    careless.write_text('"0012";"=1+1";"+33";3,50\r\n', encoding="utf-8-sig")
    (tmp_path / "work").mkdir()

    assert opened(careless, tmp_path / "work") == [["12", "2", "33", "3,5"]]
