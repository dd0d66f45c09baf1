import csv
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from schemas.columns import CATEGORIES, ID, INTERNET_SERVICES, NO_INTERNET, NO_PHONE, NUMBERS, TARGET
from tasks.core.simulator import population
from tasks.core.simulator.customer_frame import simulate
from tasks.core.simulator.parameters import PARAMETERS
from tasks.core.simulator.population import populate

SOURCE = Path(population.__file__).parent
COLUMNS = (*CATEGORIES, *NUMBERS, TARGET)


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    """Return the default extract, numbers as numbers, a blank total as 0."""
    return as_numbers(simulate(7_043, 0))


@pytest.fixture(scope="module")
def real(real_extract: Path) -> pd.DataFrame:
    """Return the real extract, numbers as numbers, a blank total as 0."""
    return as_numbers(pd.read_csv(real_extract, dtype=str, keep_default_na=False))


def as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its three numbers as floats."""
    return frame.assign(**{c: pd.to_numeric(frame[c].replace(" ", "0")).astype(float) for c in NUMBERS})


def binned(frame: pd.DataFrame, real: pd.DataFrame, bins: int) -> dict[str, np.ndarray]:
    """Return every column as codes: categories by their values, numbers by the real quantiles."""
    codes = {}
    for column in COLUMNS:
        if column in NUMBERS:
            edges = np.quantile(real[column], np.arange(1, bins) / bins)
            codes[column] = np.searchsorted(edges, frame[column].to_numpy())
        else:
            values = [*CATEGORIES.get(column, ("No", "Yes"))]
            codes[column] = pd.Categorical(frame[column], categories=values).codes.astype(int)
    return codes


def shares(codes: np.ndarray) -> np.ndarray:
    """Return the share of every code, padded to a common length."""
    return np.bincount(codes, minlength=12) / len(codes)


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Return Cramér's V of two columns of codes."""
    counts = np.bincount(a * 12 + b, minlength=144).reshape(12, 12).astype(float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    chi2 = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi2 / counts.sum() / (min(counts.shape) - 1)))


@pytest.mark.real
@pytest.mark.parametrize("bins", [4, 10])
def test_margins_are_real(simulated: pd.DataFrame, real: pd.DataFrame, bins: int) -> None:
    """Every category's share, every real quantile bin's and the churn share are within two points."""
    ours, theirs = binned(simulated, real, bins), binned(real, real, bins)

    for column in COLUMNS:
        assert np.abs(shares(ours[column]) - shares(theirs[column])).max() <= 0.02, column


@pytest.mark.real
@pytest.mark.parametrize("number", NUMBERS)
def test_means_and_deviations_are_real(simulated: pd.DataFrame, real: pd.DataFrame, number: str) -> None:
    """Mean and standard deviation of the numbers are within four per cent of the real ones."""
    assert simulated[number].mean() == pytest.approx(real[number].mean(), rel=0.04)
    assert simulated[number].std() == pytest.approx(real[number].std(), rel=0.04)


@pytest.mark.real
@pytest.mark.parametrize("bins", [4, 10])
def test_associations_are_real(simulated: pd.DataFrame, real: pd.DataFrame, bins: int) -> None:
    """Cramér's V of every pair of columns, the label included, is within .05 of the real one."""
    ours, theirs = binned(simulated, real, bins), binned(real, real, bins)

    for a, b in itertools.combinations(COLUMNS, 2):
        assert abs(cramers_v(ours[a], ours[b]) - cramers_v(theirs[a], theirs[b])) <= 0.05, (a, b)


@pytest.mark.real
@pytest.mark.parametrize(("least", "greatest"), [(1, 1), (2, 6), (7, 12), (13, 36), (37, 72)])
def test_churn_by_tenure_is_real(
    simulated: pd.DataFrame, real: pd.DataFrame, least: int, greatest: int
) -> None:
    """In every stretch of tenure the share of churners is within six points of the real one."""
    ours, theirs = (
        (frame.loc[frame["tenure"].between(least, greatest), TARGET] == "Yes").mean()
        for frame in (simulated, real)
    )

    assert ours == pytest.approx(theirs, abs=0.06)


@pytest.mark.real
def test_no_real_customer_is_in_the_project(real_extract: Path) -> None:
    """No id of the real extract stands in the simulator's source or among simulated ids."""
    with real_extract.open(encoding="utf-8", newline="") as file:
        ids = {row[ID] for row in csv.DictReader(file)}
    words: set[str] = set()
    for path in [*SOURCE.glob("*.py"), SOURCE / "parameters.toml"]:
        words |= set(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))

    assert not ids & words
    assert not ids & set(simulate(7_043, 0)[ID])


def price(frame: pd.DataFrame) -> np.ndarray:
    """Return the list price of what every customer has booked, shape (N,)."""
    total = np.zeros(len(frame))
    for feature, amount in PARAMETERS.charges.prices.items():
        column, value = feature.split("=")
        total += amount * (frame[column] == value).to_numpy()
    return total


def test_monthly_charges_follow_the_services(simulated: pd.DataFrame) -> None:
    """MonthlyCharges stray from the price list by about one, never by more than six."""
    deviation = simulated["MonthlyCharges"].to_numpy() - price(simulated)

    assert 0.9 < deviation.std() < 1.2
    assert np.abs(deviation).max() < 6


@pytest.mark.real
def test_the_price_list_is_real(real: pd.DataFrame) -> None:
    """The real MonthlyCharges stray as little from the simulator's price list."""
    assert 0.9 < (real["MonthlyCharges"].to_numpy() - price(real)).std() < 1.2


@pytest.mark.parametrize("drift", [{}, {"tenure": -0.9}, {"MonthlyCharges": -0.9}, {"MonthlyCharges": 1.0}])
def test_totals_follow_tenure_and_charges(drift: dict[str, float]) -> None:
    """TotalCharges / (tenure * MonthlyCharges) is always within 0.5 to 2, and 1 in the first month."""
    drawn = populate(0, 100_000, 3, drift)
    billed = drawn.tenure > 0
    ratio = drawn.total[billed] / (drawn.tenure * drawn.monthly)[billed]

    assert ratio.min() >= 0.69
    assert ratio.max() <= 1.57
    assert (ratio[drawn.tenure[billed] == 1] == 1).all()
    assert (drawn.total[~billed] == 0).all()
    assert (drawn.monthly > 0).all()


def codes_of(column: str, values: Iterable[str]) -> list[int]:
    """Return the codes of some values."""
    return [CATEGORIES[column].index(value) for value in values]


def test_services_are_coherent() -> None:
    """No telephone means DSL and no lines, no internet means no internet service, and only then."""
    codes = populate(0, 100_000, 4, {}).codes
    no_phone = codes["PhoneService"] == 0
    no_internet = np.isin(codes["InternetService"], codes_of("InternetService", ["No"]))

    assert 0 < no_phone.mean() < 1
    assert (np.isin(codes["MultipleLines"], codes_of("MultipleLines", [NO_PHONE])) == no_phone).all()
    assert np.isin(codes["InternetService"][no_phone], codes_of("InternetService", ["DSL"])).all()
    for service in INTERNET_SERVICES:
        assert (np.isin(codes[service], codes_of(service, [NO_INTERNET])) == no_internet).all()


def test_pieces_make_the_same_customers() -> None:
    """Customers drawn in pieces are those drawn at once, and another seed gives others."""
    whole = populate(0, 1_000, 7, {})
    pieces = [populate(start, 250, 7, {}) for start in range(0, 1_000, 250)]

    assert np.concatenate([p.monthly for p in pieces]).tolist() == whole.monthly.tolist()
    assert np.concatenate([p.total for p in pieces]).tolist() == whole.total.tolist()
    assert np.concatenate([p.churned for p in pieces]).tolist() == whole.churned.tolist()
    for column, codes in whole.codes.items():
        assert np.concatenate([p.codes[column] for p in pieces]).tolist() == codes.tolist()
    assert populate(0, 1_000, 8, {}).monthly.tolist() != whole.monthly.tolist()
