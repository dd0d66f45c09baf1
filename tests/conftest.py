"""What every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_extract() -> Path:
    """Return the path of the real extract, or skip; fail where CI says that it must be here."""
    default = Path(__file__).parents[2] / "shared" / "data" / "telco_churn.csv"
    path = Path(os.environ.get("CHURN_REAL_EXTRACT", default))
    if path.is_file():
        return path
    reason = "the real extract is not here: set CHURN_REAL_EXTRACT"
    if os.environ.get("CHURN_REQUIRE_REAL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
