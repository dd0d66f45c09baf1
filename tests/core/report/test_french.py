import pytest

from schemas.baselines import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from schemas.columns import CATEGORIES, FEATURES
from schemas.measures import Measure
from tasks.core.report import french


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (french.whole(7_043), "7\u202f043"),
        (french.whole(34_565_000), "34\u202f565\u202f000"),
        (french.whole(999), "999"),
        (french.decimal(0.8506), "0,851"),
        (french.decimal(-0.0005, 4), "\u22120,0005"),
        (french.signed(0.0023, 4), "+0,0023"),
        (french.signed(-0.0023, 4), "\u22120,0023"),
        (french.percent(0.26537, 1), "26,5\u00a0%"),
        (french.percent(0.5), "50\u00a0%"),
        (french.power_of_ten(1.19e-7), "1,2\u00a0·\u00a010⁻⁷"),
        (french.power_of_ten(0.0), "0,0\u00a0·\u00a010⁰"),
        (french.decimal(None), "non mesurable"),
        (french.percent(None), "non mesurable"),
        (french.power_of_ten(None), "non mesurable"),
    ],
)
def test_numbers(written: str, expected: str) -> None:
    """Decimal comma, a real minus sign, and spaces at which no line breaks."""
    assert written == expected


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure(value=0.8506, low=0.8291, high=0.8717), "0,851 [0,829 ; 0,872]"),
        (Measure(value=0.5, low=None, high=None), "0,500"),
        (Measure(value=None, low=None, high=None), "non mesurable"),
    ],
)
def test_measures(measure: Measure, expected: str) -> None:
    """With the interval where there is one, and a missing measure never as zero."""
    assert french.interval(measure) == expected


def test_a_share_of_too_few() -> None:
    """What is suppressed is not shown as zero."""
    assert french.share(None) == "trop peu de clients"


def test_every_name_of_the_contract_is_translated() -> None:
    """No column and no value of the extract is shown in the CRM's English."""
    values = {(column, value) for column, known in CATEGORIES.items() for value in known}
    same = {value for column, value in values if french.value_of(column, value) == value}

    assert set(french.NAMES["columns"]) == set(FEATURES)
    assert same == set()


def test_every_baseline_is_translated() -> None:
    """No model has its English name on a slide."""
    assert set(french.NAMES["models"]) == {LOGISTIC_REGRESSION, SPLINES, DECISION_TREE}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [("tenure", "72.0", "72\u00a0mois"), ("MonthlyCharges", "19.45", "19,45"), ("Partner", "Yes", "oui")],
)
def test_values(column: str, value: str, expected: str) -> None:
    """Months have their unit, amounts a comma."""
    assert french.value_of(column, value) == expected


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("l'appel : oui ?", "l\u2019appel\u00a0: oui\u202f?"),
        ("3 = 1 + 2 vides", "3 =\u00a01 +\u00a02\u00a0vides"),
        ("« fibre » ; 26 clients", "«\u00a0fibre\u00a0»\u202f; 26\u00a0clients"),
    ],
)
def test_typesetting(plain: str, expected: str) -> None:
    """Tall punctuation and counted things never start a line."""
    assert french.typeset(plain) == expected
