"""A few invented customers, for teams that read the bundle in another language."""

from typing import Final

from schemas.columns import INTERNET_SERVICES, NO_INTERNET, NO_PHONE

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
"""Rows as the CRM writes them: not billed yet, recent, phoneless, without internet, out of domain."""
