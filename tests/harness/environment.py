"""Names of the variables that tests set."""

PATIENCE = "CHURN_PREFECT_WAIT_SECONDS"
"""How long an ended run waits for Prefect."""
