import numpy as np
import pytest

from schemas.columns import CATEGORIES
from tasks.core.errors import ConfigError
from tasks.core.simulator.drift_scenarios import check_drift, parse_drift
from tasks.core.simulator.parameters import PARAMETERS
from tasks.core.simulator.population import Population, populate

ROWS = 40_000


@pytest.fixture(scope="module")
def usual() -> Population:
    """Return customers without drift."""
    return populate(0, ROWS, 0, {})


def test_settings_are_read() -> None:
    """Each setting is a column and a number."""
    assert parse_drift(["tenure=-0.5", "Contract=0.1"]) == {"tenure": -0.5, "Contract": 0.1}


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("tenure", "expected COLUMN=SHIFT"),
        ("tenure=much", "expected COLUMN=SHIFT"),
        ("shoe=0.1", "'shoe' cannot drift; expected one of tenure"),
        ("TotalCharges=0.1", "cannot drift"),
        ("Churn=0.1", "cannot drift"),
        ("Contract=0.46", "by -0.55 to 0.45, not by 0.46"),
        ("tenure=-0.95", "by -0.9 to 1"),
        ("tenure=nan", "not by nan"),
    ],
)
def test_impossible_settings_are_refused(setting: str, told: str) -> None:
    """A setting that cannot be followed is named in one line."""
    with pytest.raises(ConfigError, match=told) as raised:
        parse_drift([setting])

    assert "\n" not in str(raised.value)


def test_a_column_is_given_once() -> None:
    """Two shifts of one column contradict each other."""
    with pytest.raises(ConfigError, match="given more than once"):
        parse_drift(["tenure=0.1", "tenure=0.2"])


@pytest.mark.parametrize("column", list(CATEGORIES))
@pytest.mark.parametrize("shift", [-0.05, 0.05])
def test_a_category_drifts_by_its_shift(usual: Population, column: str, shift: float) -> None:
    """The riskiest value's share changes by the shift, to half a point."""
    value = CATEGORIES[column].index(PARAMETERS.riskiest[column].value)
    drifted = populate(0, ROWS, 0, {column: shift})
    change = (drifted.codes[column] == value).mean() - (usual.codes[column] == value).mean()

    assert change == pytest.approx(shift, abs=0.005)


def test_riskiest_values_churn_most(usual: Population) -> None:
    """In the simulated population, too, the riskiest value churns most, gender aside."""
    for column, riskiest in PARAMETERS.riskiest.items():
        codes = usual.codes[column]
        risks = [usual.probability[codes == i].mean() for i in range(len(CATEGORIES[column]))]
        if column != "gender":
            assert CATEGORIES[column][int(np.argmax(risks))] == riskiest.value, column


def test_tenure_drifts_and_totals_follow(usual: Population) -> None:
    """Tenure is scaled, rounded and kept within 0 to 72 months; totals stay coherent with it."""
    drifted = populate(0, ROWS, 0, {"tenure": 0.2})

    assert drifted.tenure.tolist() == np.clip(np.rint(usual.tenure * 1.2), 0, 72).astype(int).tolist()
    assert drifted.total.mean() > usual.total.mean()


def test_monthly_charges_drift_and_totals_follow(usual: Population) -> None:
    """MonthlyCharges and with them TotalCharges rise by the shift; nothing else changes."""
    drifted = populate(0, ROWS, 0, {"MonthlyCharges": 0.2})

    assert drifted.monthly.mean() / usual.monthly.mean() == pytest.approx(1.2, abs=0.001)
    assert drifted.total.mean() / usual.total.mean() == pytest.approx(1.2, abs=0.001)
    assert drifted.tenure.tolist() == usual.tenure.tolist()
    assert drifted.probability.tolist() == usual.probability.tolist()


def refusal(drift: dict[str, float]) -> str | None:
    """Return the message that refuses a drift; None if it is possible."""
    try:
        check_drift(drift)
    except ConfigError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("drift", "told"),
    [
        ({}, None),
        ({"tenure": -0.9, "MonthlyCharges": 1.0, "Contract": 0.45, "gender": -0.495}, None),
        ({"tenure": -0.91}, "by -0.9 to 1, not by -0.91"),
        ({"MonthlyCharges": 1.01}, "by -0.9 to 1, not by 1.01"),
        ({"Contract": 0.0, "gender": -0.5}, "by -0.495 to 0.505, not by -0.5"),
        ({"tenure": 0.1, "shoe": 0.0}, "'shoe' cannot drift"),
    ],
)
def test_no_drift_and_drift_up_to_its_bounds_are_possible(drift: dict[str, float], told: str | None) -> None:
    """A step beyond a bound, or another column beside good ones, is refused by its name and bounds."""
    said = refusal(drift)

    assert (said is None) is (told is None)
    assert (told or "") in (said or "")
