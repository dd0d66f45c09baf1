import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.campaigns.lists.csv_text import is_plain_text, machine_rows, people_row

FORMULAS = ("=1+1", "+33", "-5", "@x", "\tx", "\rx", "|cmd", "%x", "'x")
BEHIND = ("", " ", "   ", "\u00a0", "\u202f", "\u3000", "\u200b", "\ufeff", " \u00a0 ")


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("text", [*FORMULAS, "\uff1d1+1", "\uff0b33", "\uff0d5", "\uff20x"])
def test_a_formula_is_no_plain_text(text: str, behind: str) -> None:
    """Behind blanks of any kind, in full-width forms too."""
    assert not is_plain_text(behind + text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0012",
            "12",
            "123456789012345678",
            "12/34",
            "1-2",
            "1.5",
            "1 000",
            "10%",
            "5€",
            "12:30",
            "12E5",
            "1e+9",
        ),
        *(
            "MAR-12",
            "12 MARS",
            "1-mai",
            "août",
            "DÉC-26",
            "May 2026",
            "3 pm",
            "11 A",
            "TRUE",
            "vrai",
            "Faux",
            "１２",
        ),
    ],
)
def test_what_a_spreadsheet_reads_as_a_value_is_no_plain_text(text: str) -> None:
    """Leading zeros, long numbers, dates, times, amounts, truth values."""
    assert not is_plain_text(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "0001-ABCDE", "A12", "Contrat mensuel, sans engagement.", "élevé", "SIM-000012", "a=b", "x-5"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """So does a sign inside a text."""
    assert is_plain_text(text)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_text_for_people_can_be_read_back(texts: list[str]) -> None:
    """Every cell is quoted; without the apostrophe it is the text itself."""
    row = people_row(texts, ["text"] * len(texts))
    (found,) = csv.reader(io.StringIO(row, newline=""), delimiter=";", strict=True)

    assert row.endswith("\r\n")
    for cell, text in zip(found, texts, strict=True):
        assert cell == text if is_plain_text(text) else cell == f"'{text}"
        assert is_plain_text(text) or cell[0] == "'"


def test_numbers_and_days_for_people() -> None:
    """Without quotes, so that they are numbers and days."""
    cells = (-3.5, 1234.5, 12, date(2026, 12, 1))

    assert people_row(cells, ("money", "money", "whole", "day")) == "-3,50;1234,50;12;01/12/2026\r\n"


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_text_for_machines_can_be_read_back(rows: list[tuple[str, str]]) -> None:
    """Nothing is added and nothing lost."""
    text = machine_rows(list(zip(*rows, strict=True)))

    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)] == rows


def test_text_for_machines_has_no_needless_quotes() -> None:
    """An id like a formula stays bare."""
    assert machine_rows([["0012", "=1+1"], ['a"b', "c,d"]]) == '0012,"a""b"\n=1+1,"c,d"\n'
