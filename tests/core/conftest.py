"""What the tests of the core share."""

from collections.abc import Callable

import pandas as pd
import pytest

from tests.harness.customers import make_customers as make


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., pd.DataFrame]:
    """Give the maker of invented customers: `make_customers(rows, seed=0)`."""
    return make


@pytest.fixture
def customers() -> pd.DataFrame:
    """Six hundred invented customers."""
    return make(600)
