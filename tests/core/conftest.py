"""Fixtures of the core's tests: made-up customers, and extracts built cell by cell."""

import csv
import io
from collections.abc import Callable

import pandas as pd
import pytest

from schemas.columns import EXTRACT_ORDER
from tests.harness.customers import make_customers as make

Row = dict[str, str]
Build = Callable[..., bytes]

ROW: Row = {
    "customerID": "0000-AAAAA",
    "gender": "Female",
    "SeniorCitizen": "0",
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": "10",
    "PhoneService": "Yes",
    "MultipleLines": "No",
    "InternetService": "DSL",
    "OnlineSecurity": "No",
    "OnlineBackup": "Yes",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "No",
    "StreamingMovies": "No",
    "Contract": "One year",
    "PaperlessBilling": "No",
    "PaymentMethod": "Mailed check",
    "MonthlyCharges": "50.5",
    "TotalCharges": "505",
    "Churn": "No",
}


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., pd.DataFrame]:
    """Return the generator of made-up customers: `make_customers(rows, seed=0)`."""
    return make


@pytest.fixture
def customers() -> pd.DataFrame:
    """Return six hundred made-up customers."""
    return make(600)


@pytest.fixture
def rows() -> list[Row]:
    """Make a hundred valid customers, a quarter of whom left."""
    return [ROW | {"customerID": f"{n:04}-AAAAA", "Churn": "Yes" if n % 4 == 0 else "No"} for n in range(100)]


@pytest.fixture
def build() -> Build:
    """Write rows as the bytes of an extract."""

    def write(rows: list[Row], *, separator: str = ",", newline: str = "\n", **options: object) -> bytes:
        order = options.get("order", EXTRACT_ORDER)
        assert isinstance(order, list | tuple)
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if options.get("quote_all") else csv.QUOTE_MINIMAL
        writer = csv.writer(text, delimiter=separator, lineterminator=newline, quoting=quoting)
        writer.writerow(order)
        writer.writerows([row[column] for column in order] for row in rows)
        return text.getvalue().encode()

    return write
