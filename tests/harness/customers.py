"""Made-up customers; none of them is real."""

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES, EXTRACT_ORDER, INTERNET_SERVICES, NO_INTERNET, NO_PHONE
from schemas.config import IngestConfig
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.parse import parse_cells


def make_customers(rows: int, seed: int = 0) -> pd.DataFrame:
    """Draw accepted customers whose churn depends on tenure, contract and internet service.

    Unlike the simulator's realistic customers, they are spread evenly over all values: a few hundred
    of them reach every bin, decile and combination that a test is about.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.choice(np.array(values), rows) for name, values in CATEGORIES.items()})
    frame.loc[frame["InternetService"] == "No", list(INTERNET_SERVICES)] = NO_INTERNET
    online = frame["InternetService"] != "No"
    for service in INTERNET_SERVICES:
        frame.loc[online, service] = rng.choice(["No", "Yes"], int(online.sum()))
    frame.loc[frame["PhoneService"] == "No", "MultipleLines"] = NO_PHONE
    phone = frame["PhoneService"] == "Yes"
    frame.loc[phone, "MultipleLines"] = rng.choice(["No", "Yes"], int(phone.sum()))

    tenure = rng.integers(0, 73, rows).astype(np.float64)
    monthly = rng.uniform(18.0, 119.0, rows).round(2)
    frame["tenure"] = tenure
    frame["MonthlyCharges"] = monthly
    frame["TotalCharges"] = np.where(
        tenure == 0, np.nan, (tenure * monthly * rng.uniform(0.9, 1.1, rows)).round(2)
    )
    logit = (
        -0.5
        - 0.05 * (tenure - 30)
        + 1.0 * (frame["Contract"] == "Month-to-month")
        + 0.8 * (frame["InternetService"] == "Fiber optic")
        - 1.2 * (frame["InternetService"] == "No")
    )
    churned = rng.random(rows) < 1 / (1 + np.exp(-logit))
    frame["Churn"] = np.where(churned, "Yes", "No")
    frame["customerID"] = [f"TEST-{seed:03d}-{i:07d}" for i in rng.permutation(rows)]
    return frame[list(EXTRACT_ORDER)]


def accepted(customers: pd.DataFrame) -> Accepted:
    """Read customers as the engine reads an extract's lines."""
    cells = customers.astype(object).where(customers.notna(), "").astype(str)
    lines = range(2, len(customers) + 2)
    return Accepted.of(parse_cells(lines, cells.to_dict("list"), IngestConfig()))
