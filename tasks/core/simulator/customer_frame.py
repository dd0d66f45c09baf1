"""Simulated customers as the CRM would write them: text, column by column."""

from typing import Final

import numpy as np
import pandas as pd

from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, SIMULATED_ID_PREFIX, TARGET
from tasks.core.simulator.parameters import PARAMETERS
from tasks.core.simulator.population import Population, populate

_STEPS_A_UNIT: Final = round(1 / PARAMETERS.charges.step)
"""Steps per currency unit."""

_BLANK: Final = " "
"""What the CRM writes as the total for a customer who has just joined."""


def simulate(rows: int, seed: int) -> pd.DataFrame:
    """Return the first `rows` simulated customers of a seed, with outcomes.

    Returns:
        Shape (rows, 21), the columns of `EXTRACT_ORDER`, every cell as text, as in an extract.
    """
    return pd.DataFrame(text_columns(populate(0, rows, seed, {})), dtype="str")


def text_columns(population: Population) -> dict[str, list[str]]:
    """Return the cells of every column as text, in the order of an extract."""
    columns = {
        column: np.array(CATEGORIES[column], dtype=object)[codes].tolist()
        for column, codes in population.codes.items()
    }
    columns[ID] = [simulated_id(population.start + i) for i in range(len(population.tenure))]
    columns["tenure"] = [str(months) for months in population.tenure.tolist()]
    columns["MonthlyCharges"] = [_charge(steps) for steps in population.monthly.tolist()]
    columns["TotalCharges"] = [
        _charge(steps) if months else _BLANK
        for steps, months in zip(population.total.tolist(), population.tenure.tolist(), strict=True)
    ]
    columns[TARGET] = np.array(["No", "Yes"], dtype=object)[population.churned].tolist()
    return {column: columns[column] for column in EXTRACT_ORDER}


def simulated_id(customer: int) -> str:
    """Return the id of a customer, counted from 0; customers of different seeds share ids."""
    return f"{SIMULATED_ID_PREFIX}{customer + 1:07d}"


def _charge(steps: int) -> str:
    """Write an amount as the CRM does, without trailing zeros: 84, 29.9, 56.95."""
    units, rest = divmod(steps, _STEPS_A_UNIT)
    return f"{units}.{rest * 100 // _STEPS_A_UNIT:02d}".rstrip("0").rstrip(".")
