import pytest

from schemas.columns import CATEGORIES, FEATURES, NUMBERS, PROTECTED
from tasks.core.campaigns.language import LanguageCode, texts_of
from tasks.core.campaigns.lists.reasons import reason_sentence

CODES: tuple[LanguageCode, ...] = ("fr", "en")
REASONS = [
    f"{column}={value}" for column in CATEGORIES if column not in PROTECTED for value in CATEGORIES[column]
]


@pytest.mark.parametrize("code", CODES)
def test_every_value_that_can_be_a_reason_has_a_sentence(code: LanguageCode) -> None:
    """Every feature column but the protected ones, with every value of its vocabulary, and no other."""
    texts = texts_of("lists/reasons.toml", code)

    assert set(texts) == set(FEATURES) - set(PROTECTED)
    for column in set(texts) - set(NUMBERS):
        assert set(texts[column]) == set(CATEGORIES[column])
    sentences = [reason_sentence(reason, code) for reason in REASONS]
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in sentences)
    assert len(set(sentences)) == len(REASONS) - 1  # no phone service is one sentence under two columns


@pytest.mark.parametrize(
    ("reason", "french", "english"),
    [
        ("", "", ""),
        ("tenure=0", "moins d’un mois", "less than a month"),
        ("tenure=1", "depuis 1 mois : relation récente.", "for 1 month: a recent"),
        ("tenure=2", "Client depuis 2 mois : relation récente.", "for 2 months: a recent"),
        ("tenure=12.0", "12 mois : relation récente.", "12 months: a recent"),
        ("tenure=13", "Client depuis 13 mois.", "Customer for 13 months."),
        ("MonthlyCharges=70.35", "Facture mensuelle : 70,35.", "Monthly bill: 70.35."),
        ("TotalCharges=1234.5", "1 234,50", "1,234.50"),
        ("TotalCharges=", "Aucune facture à ce jour.", "No bill yet."),
        ("TotalCharges=nan", "Aucune facture à ce jour.", "No bill yet."),
        ("Contract=Month-to-month", "Contrat mensuel, sans engagement.", "Monthly contract, no commitment."),
    ],
)
def test_a_sentence_has_the_customers_own_value(reason: str, french: str, english: str) -> None:
    """Numbers as the language writes them; an empty reason is an empty cell."""
    plain = reason_sentence(reason, "fr").replace("\u00a0", " ").replace("\u202f", " ")

    assert french in plain
    assert english in reason_sentence(reason, "en")
    assert bool(plain) == bool(reason)


@pytest.mark.parametrize(
    "reason",
    [
        "gender=Female",
        "SeniorCitizen=1",
        "Contract=Secret",
        "tenure=",
        "tenure=secret",
        "Churn=Yes",
        "secret",
    ],
)
def test_no_other_reason_is_written(reason: str) -> None:
    """A protected attribute or an unknown value is refused, and the value not repeated."""
    with pytest.raises(ValueError, match="no sentence for this value") as caught:
        reason_sentence(reason, "fr")
    assert "=" not in str(caught.value)
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None
