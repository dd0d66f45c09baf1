from datetime import date

import pandas as pd
import pytest

from schemas.campaign_files import CALL_COLUMNS, EXCLUSIONS
from schemas.columns import CATEGORIES, PROTECTED
from schemas.contacts import BASES, CHANNELS
from tasks.core.campaigns.language import LanguageCode, texts_of
from tasks.core.campaigns.lists.columns import KINDS, PEOPLE_COLUMNS, machine_columns, rows_for_people
from tests.harness.campaigns import make_rows


def test_people_see_every_column_once() -> None:
    """In another order, each with a kind."""
    assert sorted(PEOPLE_COLUMNS) == sorted(CALL_COLUMNS)
    assert tuple(KINDS) == CALL_COLUMNS


@pytest.mark.parametrize("code", ["fr", "en"])
def test_every_closed_list_has_its_words(code: LanguageCode) -> None:
    """Labels, bands, bases and flags of the list; exclusions, channels, bases and groups of the page."""
    words, page = texts_of("lists/words.toml", code), texts_of("page/page.toml", code)

    assert set(words["labels"]) == set(CALL_COLUMNS)
    assert set(words["risk_bands"]) == {"high", "medium", "low"}
    assert set(words["answers"]) == {"0", "1"}
    assert set(words["bases"]) == {*BASES, "none"}
    assert set(page["bases"]) == set(BASES)
    assert set(page["channels"]) == set(CHANNELS)
    assert set(page["funnel"]) == {*EXCLUSIONS, "scored", "eligible", "below_cut", "controls", "contacts"}
    assert set(page["values"]) == {
        f"{column}={value}" for column in PROTECTED for value in CATEGORIES[column]
    }
    assert len(set(words["decisions"])) == 5


def test_rows_for_people_are_typed() -> None:
    """Words instead of codes, whole numbers, amounts to the cent, days."""
    (row,) = rows_for_people(make_rows(["0012"]), "fr")
    cells = dict(zip(PEOPLE_COLUMNS, row, strict=True))

    assert cells["customerID"] == "0012"
    assert cells["priority"] == 1
    assert cells["risk_band"] == "moyen"
    assert cells["expected_value"] == 51.28
    assert cells["scored_on"] == date(2026, 11, 30)
    assert cells["sms"] == "non"
    assert cells["basis"] == "contrat en cours"


def test_a_campaign_that_needs_no_basis_says_so() -> None:
    """Rather than leave a cell empty that looks like a refusal."""
    (row,) = rows_for_people(make_rows(["0012"]).assign(basis=""), "fr")

    assert row[PEOPLE_COLUMNS.index("basis")] == "aucune demandée"


def test_columns_for_machines_are_in_order() -> None:
    """As text; the days may be dates or text already."""
    frame = make_rows(["0012"]).assign(monthly_value=19.999, scored_on=pd.Series([date(2026, 11, 30)]))
    found = dict(zip(CALL_COLUMNS, machine_columns(frame), strict=True))

    assert found["customerID"] == ["0012"]
    assert found["monthly_value"] == ["20.00"]
    assert found["scored_on"] == ["2026-11-30"]
    assert found["reason_1"] == ["tenure=2"]
