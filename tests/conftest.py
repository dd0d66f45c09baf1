"""What every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_extract() -> Path:
    """Find the real extract; skip without it, or fail where CHURN_REQUIRE_REAL=1."""
    path = Path(os.environ.get("CHURN_REAL_EXTRACT", ROOT.parent / "shared" / "data" / "telco_churn.csv"))
    if path.is_file():
        return path
    reason = "the real extract is not here: set CHURN_REAL_EXTRACT to its path"
    if os.environ.get("CHURN_REQUIRE_REAL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
