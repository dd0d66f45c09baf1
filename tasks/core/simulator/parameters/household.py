"""Who the customer is, how the contract binds and how long it has run.

The first links of the chain: household, contract, tenure.
Source: aggregates of the public IBM Telco Customer Churn sample (7,043 customers): penalised logit
weights, rounded to two decimals; no weight is the share of a group of fewer than ten customers.
"""

from typing import Final

from tasks.core.simulator.choice import Choice

GENDER: Final = Choice(("Female", "Male"), {"base": (0.02,)})
"""Gender depends on nothing, and nothing on gender."""

SENIOR: Final = Choice(
    ("0", "1"),
    {
        "base": (-1.64,),
    },
)
"""Whether the customer is 65 or older."""

PARTNER: Final = Choice(
    ("No", "Yes"),
    {
        "base": (-0.07,),
    },
)
"""Whether the customer lives with a partner."""

DEPENDENTS: Final = Choice(
    ("No", "Yes"),
    {
        "base": (-2.04,),
        "SeniorCitizen=1": (-2.14,),
        "Partner=Yes": (2.4,),
    },
)
"""Whether the customer lives with dependents."""

CONTRACT: Final = Choice(
    ("Month-to-month", "One year", "Two year"),
    {
        "base": (-1.31, -1.54),
        "SeniorCitizen=1": (-0.55, -0.99),
        "Partner=Yes": (0.74, 1.29),
        "Dependents=Yes": (0.35, 0.51),
    },
)
"""How long the customer is bound."""

TENURE: Final = Choice(
    (
        "1",
        "2",
        "3-4",
        "5-7",
        "8-12",
        "13-18",
        "19-24",
        "25-36",
        "37-48",
        "49-60",
        "61-66",
        "67-70",
        "71",
        "72",
    ),
    {
        "base": (-0.97, -0.57, -0.77, -0.44, -0.68, -1.05, -0.73, -1.21, -1.78, -3.13, -4.41, -6.3, -7.04),
        "SeniorCitizen=1": (0.21, -0.07, 0.17, 0.08, 0.34, 0.4, 0.66, 0.65, 0.92, 1.18, 1.25, 1.63, 1.73),
        "Partner=Yes": (0.42, 0.55, 0.86, 0.87, 1.1, 1.33, 1.48, 1.69, 2.14, 2.33, 2.7, 3.31, 3.47),
        "Dependents=Yes": (
            -0.67,
            -0.21,
            -0.16,
            -0.13,
            -0.11,
            -0.12,
            -0.26,
            -0.47,
            -0.75,
            -0.83,
            -0.89,
            -1.26,
            -1.12,
        ),
        "Contract=One year": (0.0, 0.0, 0.99, 1.69, 2.06, 2.49, 2.98, 3.49, 4.05, 4.56, 5.23, 5.23, 5.23),
        "Contract=Two year": (0.0, 0.0, 0.58, 1.22, 1.47, 1.95, 2.25, 3.33, 4.18, 5.25, 6.45, 7.28, 8.73),
    },
)
"""Months since the customer joined, as ranges with both ends; within a range every month is as likely.

Where a contract has fewer than ten customers in a range, its weight is fitted for several ranges together.
"""

NEW_CUSTOMER_SHARE: Final = 0.0016
"""Share of customers in their first month: tenure 0 and no total yet."""
