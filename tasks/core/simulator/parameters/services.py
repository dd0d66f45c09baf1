"""What the customer has booked.

The middle links of the chain: telephone, internet and the six services on top of it.
Source: aggregates of the public IBM Telco Customer Churn sample (7,043 customers): penalised logit
weights, rounded to two decimals; no weight is the share of a group of fewer than ten customers.
"""

from typing import Final

from tasks.core.simulator.choice import Choice

PHONE: Final = Choice(
    ("No", "Yes"),
    {
        "base": (2.19,),
        "Partner=Yes": (0.16,),
        "Dependents=Yes": (-0.09,),
    },
)
"""Whether the customer has a telephone; one without has DSL."""

INTERNET: Final = Choice(
    ("DSL", "Fiber optic", "No"),
    {
        "base": (0.79, -0.27),
        "SeniorCitizen=1": (1.04, -0.71),
        "Partner=Yes": (0.18, -0.2),
        "Dependents=Yes": (-0.48, 0.24),
        "Contract=One year": (-1.4, 1.14),
        "Contract=Two year": (-2.2, 2.27),
        "years": (0.44, -0.43),
        "log_months": (-0.25, 0.09),
        "new": (-0.34, 0.29),
    },
)
"""Internet service of a customer with a telephone."""

LINES: Final = Choice(
    ("No", "Yes"),
    {
        "base": (-1.78,),
        "SeniorCitizen=1": (0.36,),
        "Partner=Yes": (0.13,),
        "Dependents=Yes": (-0.13,),
        "Contract=One year": (-0.45,),
        "Contract=Two year": (-0.12,),
        "years": (0.35,),
        "log_months": (0.14,),
        "new": (-0.49,),
        "InternetService=Fiber optic": (0.98,),
        "InternetService=No": (-0.82,),
    },
)
"""Whether a customer with a telephone has several lines."""

SERVICES: Final = {
    "OnlineSecurity": Choice(
        ("No", "Yes"),
        {
            "base": (-1.85,),
            "SeniorCitizen=1": (-0.28,),
            "Dependents=Yes": (0.22,),
            "Contract=One year": (0.53,),
            "Contract=Two year": (1.11,),
            "years": (0.17,),
            "log_months": (0.21,),
            "new": (-0.58,),
            "InternetService=Fiber optic": (-0.97,),
            "PhoneService=Yes": (0.44,),
            "MultipleLines=Yes": (-0.14,),
        },
    ),
    "OnlineBackup": Choice(
        ("No", "Yes"),
        {
            "base": (-1.17,),
            "Dependents=Yes": (0.12,),
            "Contract=One year": (0.15,),
            "Contract=Two year": (0.24,),
            "years": (0.45,),
            "log_months": (-0.14,),
            "new": (-0.87,),
            "MultipleLines=Yes": (0.08,),
        },
    ),
    "DeviceProtection": Choice(
        ("No", "Yes"),
        {
            "base": (-1.82,),
            "Partner=Yes": (0.11,),
            "Contract=One year": (0.7,),
            "Contract=Two year": (1.39,),
            "years": (0.12,),
            "log_months": (0.27,),
            "new": (-0.57,),
            "InternetService=Fiber optic": (0.22,),
            "PhoneService=Yes": (-0.21,),
            "MultipleLines=Yes": (0.12,),
            "OnlineSecurity=Yes": (-0.09,),
        },
    ),
    "TechSupport": Choice(
        ("No", "Yes"),
        {
            "base": (-2.12,),
            "SeniorCitizen=1": (-0.45,),
            "Partner=Yes": (-0.08,),
            "Contract=One year": (0.79,),
            "Contract=Two year": (1.9,),
            "years": (-0.07,),
            "log_months": (0.39,),
            "new": (-0.56,),
            "InternetService=Fiber optic": (-0.75,),
            "PhoneService=Yes": (0.35,),
            "MultipleLines=Yes": (-0.11,),
            "OnlineSecurity=Yes": (0.25,),
            "OnlineBackup=Yes": (0.15,),
            "DeviceProtection=Yes": (0.26,),
        },
    ),
    "StreamingTV": Choice(
        ("No", "Yes"),
        {
            "base": (-1.63,),
            "Partner=Yes": (0.12,),
            "Contract=One year": (0.45,),
            "Contract=Two year": (0.82,),
            "years": (0.06,),
            "log_months": (0.17,),
            "new": (-0.38,),
            "InternetService=Fiber optic": (0.92,),
            "PhoneService=Yes": (-0.34,),
            "MultipleLines=Yes": (0.32,),
            "OnlineSecurity=Yes": (-0.38,),
            "DeviceProtection=Yes": (0.65,),
            "TechSupport=Yes": (0.31,),
        },
    ),
    "StreamingMovies": Choice(
        ("No", "Yes"),
        {
            "base": (-1.89,),
            "SeniorCitizen=1": (0.13,),
            "Partner=Yes": (0.08,),
            "Dependents=Yes": (-0.17,),
            "Contract=One year": (0.37,),
            "Contract=Two year": (0.64,),
            "years": (0.04,),
            "log_months": (0.14,),
            "new": (-0.31,),
            "InternetService=Fiber optic": (0.65,),
            "PhoneService=Yes": (-0.33,),
            "MultipleLines=Yes": (0.26,),
            "OnlineSecurity=Yes": (-0.22,),
            "DeviceProtection=Yes": (0.55,),
            "TechSupport=Yes": (0.21,),
            "StreamingTV=Yes": (1.4,),
        },
    ),
}
"""The services of a customer with internet, each given those before it."""
