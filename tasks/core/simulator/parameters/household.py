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
        "base": (-0.99, -0.6, -0.79, -0.45, -0.7, -1.07, -0.74, -1.23, -1.8, -3.16, -4.35, -6.47, -7.23),
        "SeniorCitizen=1": (0.22, -0.05, 0.19, 0.1, 0.36, 0.42, 0.68, 0.67, 0.94, 1.2, 1.26, 1.66, 1.75),
        "Partner=Yes": (0.46, 0.59, 0.89, 0.9, 1.13, 1.37, 1.52, 1.73, 2.18, 2.37, 2.73, 3.34, 3.51),
        "Dependents=Yes": (
            -0.7,
            -0.24,
            -0.2,
            -0.16,
            -0.14,
            -0.15,
            -0.29,
            -0.5,
            -0.78,
            -0.86,
            -0.92,
            -1.29,
            -1.15,
        ),
        "Contract=One year": (0.91, 0.97, 1.66, 2.35, 2.71, 3.15, 3.63, 4.15, 4.7, 5.21, 5.78, 6.07, 6.11),
        "Contract=Two year": (-0.87, 0.01, 0.63, 1.24, 1.49, 1.97, 2.27, 3.35, 4.19, 5.26, 6.38, 7.44, 8.91),
    },
)
"""Months since the customer joined, as ranges with both ends; within a range every month is as likely."""

NEW_CUSTOMER_SHARE: Final = 0.0016
"""Share of customers in their first month: tenure 0 and no total yet."""
