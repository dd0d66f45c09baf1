"""A few made-up customers, for teams that load the bundle in another language."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import INTERNET_SERVICES, NO_INTERNET, NO_PHONE
from schemas.preprocessing import Examples, Spec

PROBABILITY_TOLERANCE: Final = 1e-6
"""Largest allowed difference in a probability; CPUs differ in the last float32 digits."""

CONTRIBUTION_TOLERANCE: Final = 1e-2
"""Largest allowed difference in a contribution, in logits; see docs/model.md on rounding."""

_NEWCOMER: Final[dict[str, str | int | float]] = {
    "gender": "Female",
    "SeniorCitizen": "0",
    "Partner": "No",
    "Dependents": "No",
    "tenure": 0,
    "PhoneService": "Yes",
    "MultipleLines": "No",
    "InternetService": "Fiber optic",
    **dict.fromkeys(INTERNET_SERVICES, "No"),
    "Contract": "Month-to-month",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Electronic check",
    "MonthlyCharges": 70.5,
    "TotalCharges": "",
}
INVENTED_CUSTOMERS: Final[tuple[dict[str, str | int | float], ...]] = (
    _NEWCOMER,
    _NEWCOMER | {"tenure": 2, "TotalCharges": 140.25, "StreamingTV": "Yes", "MultipleLines": "Yes"},
    _NEWCOMER
    | {"PhoneService": "No", "MultipleLines": NO_PHONE, "InternetService": "DSL", "SeniorCitizen": "1"}
    | {"tenure": 24, "MonthlyCharges": 35.1, "TotalCharges": 842.4, "Contract": "One year"},
    _NEWCOMER
    | {"InternetService": "No", **dict.fromkeys(INTERNET_SERVICES, NO_INTERNET)}
    | {"tenure": 60, "MonthlyCharges": 20, "TotalCharges": 1_200, "Contract": "Two year"}
    | {"gender": "Male", "Partner": "Yes", "Dependents": "Yes", "PaperlessBilling": "No"}
    | {"PaymentMethod": "Mailed check"},
    _NEWCOMER
    | {"tenure": 120, "MonthlyCharges": 250, "TotalCharges": 30_000, "TechSupport": "Yes"}
    | {"PaymentMethod": "Credit card (automatic)", "OnlineSecurity": "Yes"},
)
"""Rows as the CRM writes them: not billed yet, recent, no phone, no internet, out of domain."""


def as_customers(rows: Sequence[Mapping[str, str | float]], spec: Spec) -> pd.DataFrame:
    """Turn worked examples, rows as the CRM writes them, into accepted customers."""
    frame = pd.DataFrame(list(rows))
    for number in spec.numbers:
        frame[number.column] = [np.nan if cell == "" else float(cell) for cell in frame[number.column]]
    return frame


def agree(
    examples: Examples,
    probability: npt.NDArray[np.float32],
    contributions: npt.NDArray[np.float32],
    reasons: npt.NDArray[np.str_],
) -> bool:
    """Return whether (N,) probabilities, (N, C) contributions and (N, 3) reasons match the examples.

    A different reason is fine if it contributes as much: ties may swap places.
    """
    cases: Sequence[Any] = examples.examples
    expected = np.array([case.contributions for case in cases])
    if expected.shape != contributions.shape:
        return False
    off = np.abs(contributions - expected).max()
    for case, row in zip(cases, reasons, strict=True):
        worth = dict(zip(examples.columns, case.contributions, strict=True)) | {"": 0.0}
        own = [*case.reasons, "", "", ""]
        off = max(off, *(abs(worth[name] - worth[wanted]) for name, wanted in zip(row, own, strict=False)))
    same = np.abs(probability - [case.probability for case in cases]).max() <= PROBABILITY_TOLERANCE
    return bool(same and off <= CONTRIBUTION_TOLERANCE)
