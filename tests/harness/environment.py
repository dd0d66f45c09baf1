"""Names of the variables that tests set, and the key that they use."""

from pathlib import Path

from tasks.core.storage.secret import Secret

PATIENCE = "CHURN_PREFECT_WAIT_SECONDS"
"""How long an ended run waits for Prefect."""

KEY = "CHURN_KEY"
"""The operator's key."""

SECRET = Secret(Path("no-file"), "a key of the tests, long enough for one")
"""What it is in tests."""
