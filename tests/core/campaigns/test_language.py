from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import FEATURES
from schemas.horizon import Horizon
from tasks.core.campaigns.language import Language, texts_of

FRENCH, ENGLISH = Language("fr"), Language("en")


def shape(texts: object) -> object:
    """Return the keys of nested tables, and the lengths of lists."""
    if isinstance(texts, dict):
        return {key: shape(value) for key, value in texts.items()}
    return len(texts) if isinstance(texts, list) else None


@pytest.mark.parametrize("file", ["lists/words.toml", "lists/reasons.toml"])
def test_both_languages_say_the_same(file: str) -> None:
    """Each text in one language has its counterpart in the other, in the same order."""
    french, english = texts_of(file, "fr"), texts_of(file, "en")

    assert shape(french) == shape(english)
    assert list(french) == list(english)


def test_numbers() -> None:
    """Thousands, decimals, a real minus sign, no minus zero, and words where there is no number."""
    assert (FRENCH.whole(7043), ENGLISH.whole(7043)) == ("7\u202f043", "7,043")
    assert (FRENCH.decimal(-1234.5, 2), ENGLISH.decimal(-1234.5, 2)) == (
        "\u22121\u202f234,50",
        "\u22121,234.50",
    )
    assert (FRENCH.percent(0.265), ENGLISH.percent(0.265)) == ("26,5\u00a0%", "26.5%")
    assert (FRENCH.money(-0.4), ENGLISH.money(-0.4)) == ("0", "0")
    assert (FRENCH.percent(None), ENGLISH.whole(None), ENGLISH.money(None)) == (
        "aucune donnée",
        "no data",
        "no data",
    )


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_can_be_read_back(value: float, digits: int) -> None:
    """In both languages, to the digits that are shown."""
    french = FRENCH.decimal(value, digits).replace("\u202f", "").replace(",", ".").replace("\u2212", "-")
    english = ENGLISH.decimal(value, digits).replace(",", "").replace("\u2212", "-")

    assert float(french) == float(english) == float(f"{value:.{digits}f}")


def test_days_and_instants() -> None:
    """As people write them, on the operator's clocks."""
    at = datetime(2026, 7, 14, 22, 30, tzinfo=UTC)

    assert (FRENCH.day(date(2026, 12, 1)), ENGLISH.day(date(2026, 12, 1))) == (
        "01/12/2026",
        "1 December 2026",
    )
    assert FRENCH.instant(at, "Europe/Paris") == "15/07/2026, 00 h 30 (Europe/Paris)"
    assert ENGLISH.instant(at, "UTC") == "14 July 2026, 22:30 (UTC)"


@pytest.mark.parametrize(
    ("horizon", "french", "english"),
    [
        (Horizon(days=30, source="assumed"), "30\u00a0jours (hypothèse)", "30 days (assumed)"),
        (Horizon(days=60, source="declared"), "60\u00a0jours (déclaré)", "60 days (declared)"),
        (None, "non déclaré", "not declared"),
    ],
)
def test_the_horizon(horizon: Horizon | None, french: str, english: str) -> None:
    """As slides and status word it."""
    assert FRENCH.horizon(horizon) == french
    assert ENGLISH.horizon(horizon) == english


def test_every_feature_has_a_name() -> None:
    """In words, in both languages."""
    english = [ENGLISH.column(name) for name in ("tenure", "StreamingTV", "PaymentMethod", "MonthlyCharges")]
    assert english == ["tenure", "streaming TV", "payment method", "monthly charges"]
    assert len({ENGLISH.column(name) for name in FEATURES}) == len(FEATURES)
    assert not {FRENCH.column(name) for name in FEATURES} & set(FEATURES)
