"""The columns of a CRM extract: names, vocabularies and number columns, defined only here.

Source: IBM Telco Customer Churn sample, 21 columns.
"""

from typing import Final

ID: Final = "customerID"
TARGET: Final = "Churn"
POSITIVE: Final = "Yes"

NO_INTERNET: Final = "No internet service"
NO_PHONE: Final = "No phone service"
INTERNET_SERVICES: Final = (
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
)

_YES_NO: Final = ("No", "Yes")
_INTERNET_ADD_ON: Final = ("No", "Yes", NO_INTERNET)

CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "gender": ("Female", "Male"),
    "SeniorCitizen": ("0", "1"),
    "Partner": _YES_NO,
    "Dependents": _YES_NO,
    "PhoneService": _YES_NO,
    "MultipleLines": ("No", "Yes", NO_PHONE),
    "InternetService": ("DSL", "Fiber optic", "No"),
    **dict.fromkeys(INTERNET_SERVICES, _INTERNET_ADD_ON),
    "Contract": ("Month-to-month", "One year", "Two year"),
    "PaperlessBilling": _YES_NO,
    "PaymentMethod": (
        "Bank transfer (automatic)",
        "Credit card (automatic)",
        "Electronic check",
        "Mailed check",
    ),
}
"""The closed set of values for each category column, as text."""

NUMBERS: Final = ("tenure", "MonthlyCharges", "TotalCharges")
"""Months; currency per month; currency since the customer joined."""

PROTECTED: Final = ("gender", "SeniorCitizen")
"""Attributes monitored for fairness and never given as a reason."""

EXTRACT_ORDER: Final = (
    ID,
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "tenure",
    "PhoneService",
    "MultipleLines",
    "InternetService",
    *INTERNET_SERVICES,
    "Contract",
    "PaperlessBilling",
    "PaymentMethod",
    "MonthlyCharges",
    "TotalCharges",
    TARGET,
)
"""The 21 columns in the order in which the CRM writes them."""

FEATURES: Final = tuple(name for name in EXTRACT_ORDER if name not in (ID, TARGET))
"""The 19 columns a model may use."""

SIMULATED_ID_PREFIX: Final = "SIM-"
"""Prefix of every simulated customer's id; no CRM id may start with it."""
