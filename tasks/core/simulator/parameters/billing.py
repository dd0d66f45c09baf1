"""How the customer is billed.

The links of the chain after the services: paper, payment and price.
Source: aggregates of the public IBM Telco Customer Churn sample (7,043 customers): penalised logit
weights, rounded to two decimals; no weight is the share of a group of fewer than ten customers.
"""

from typing import Final

from tasks.core.simulator.choice import Choice

PAPERLESS: Final = Choice(
    ("No", "Yes"),
    {
        "base": (0.18,),
        "SeniorCitizen=1": (0.32,),
        "Dependents=Yes": (-0.12,),
        "Contract=One year": (-0.48,),
        "Contract=Two year": (-0.73,),
        "years": (0.08,),
        "InternetService=Fiber optic": (0.64,),
        "MultipleLines=Yes": (0.19,),
        "OnlineSecurity=Yes": (-0.35,),
        "OnlineBackup=Yes": (0.08,),
        "DeviceProtection=Yes": (-0.15,),
        "StreamingTV=Yes": (0.39,),
        "StreamingMovies=Yes": (0.27,),
        "InternetService=No": (-0.86,),
    },
)
"""Whether bills come without paper."""

PAYMENT: Final = Choice(
    ("Electronic check", "Bank transfer (automatic)", "Credit card (automatic)", "Mailed check"),
    {
        "base": (-2.04, -1.78, -0.23),
        "SeniorCitizen=1": (-0.17, -0.13, -0.61),
        "Partner=Yes": (0.01, -0.15, -0.22),
        "Dependents=Yes": (0.12, 0.2, 0.26),
        "Contract=One year": (0.49, 0.65, 0.7),
        "Contract=Two year": (1.17, 1.38, 1.62),
        "years": (0.05, 0.04, -0.32),
        "log_months": (0.42, 0.32, 0.19),
        "new": (-0.27, -0.67, 0.14),
        "InternetService=Fiber optic": (-0.5, -0.56, -1.12),
        "PhoneService=Yes": (0.32, 0.28, 0.37),
        "MultipleLines=Yes": (-0.08, -0.08, -0.34),
        "OnlineSecurity=Yes": (0.23, 0.3, 0.43),
        "DeviceProtection=Yes": (0.06, 0.21, 0.01),
        "TechSupport=Yes": (0.3, 0.32, 0.48),
        "StreamingTV=Yes": (-0.32, -0.37, -0.52),
        "StreamingMovies=Yes": (-0.28, -0.28, -0.53),
        "InternetService=No": (0.84, 0.89, 1.36),
        "PaperlessBilling=Yes": (-0.2, -0.14, -0.43),
    },
)
"""How the customer pays."""

PRICES: Final = {
    "PhoneService=Yes": 20.0,
    "MultipleLines=Yes": 5.0,
    "InternetService=DSL": 25.0,
    "InternetService=Fiber optic": 50.0,
    "OnlineSecurity=Yes": 5.0,
    "OnlineBackup=Yes": 5.0,
    "DeviceProtection=Yes": 5.0,
    "TechSupport=Yes": 5.0,
    "StreamingTV=Yes": 10.0,
    "StreamingMovies=Yes": 10.0,
}
"""Price list: currency a month of each service; MonthlyCharges is their sum and a small deviation.

Source: least squares on the sample gives each within 0.06 of these; the residual's deviation is 1.0.
"""

CHARGE_DEVIATION: Final = 0.55
"""Standard deviation of MonthlyCharges around the price list without internet; twice that with it."""

CHARGE_STEP: Final = 0.05
"""Charges are multiples of this, in the CRM's currency."""

TOTAL_DEVIATION: Final = 0.2
"""Standard deviation of TotalCharges / (tenure * MonthlyCharges) is this over the root of tenure.

Source: the sample's deviations at 2, 6, 12 and 24 months: 0.12, 0.08, 0.06 and 0.045; none at 1 month.
"""

TOTAL_RATIO_BOUNDS: Final = (0.7, 1.4)
"""Least and greatest ratio of TotalCharges to tenure * MonthlyCharges."""
