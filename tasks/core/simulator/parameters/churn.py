"""What makes a simulated customer leave: the true churn probability's logit.

The interactions were chosen: they are larger than in reality, so that there is something to learn
that a plain logistic regression cannot. The single effects were then fitted with the interactions held
fixed, which keeps churn by every single column as it is in reality.
Source: aggregates of the public IBM Telco Customer Churn sample (7,043 customers): penalised logit
weights, rounded to two decimals.
"""

from typing import Final

CHURN: Final = {
    "base": (0.4,),
    "years": (-0.05,),
    "log_months": (-0.55,),
    "new": (0.67,),
    "first year": (-0.97,),
    "SeniorCitizen=1": (0.25,),
    "Dependents=Yes": (-0.14,),
    "PhoneService=Yes": (-0.49,),
    "MultipleLines=Yes": (0.42,),
    "InternetService=Fiber optic": (0.89,),
    "InternetService=No": (-0.52,),
    "OnlineSecurity=Yes": (-0.33,),
    "OnlineBackup=Yes": (-0.09,),
    "TechSupport=Yes": (-0.26,),
    "StreamingTV=Yes": (0.66,),
    "StreamingMovies=Yes": (0.66,),
    "Contract=One year": (-0.78,),
    "Contract=Two year": (-1.8,),
    "PaperlessBilling=Yes": (0.33,),
    "PaymentMethod=Electronic check": (0.53,),
    "PaymentMethod=Mailed check": (0.24,),
    "first year & InternetService=Fiber optic": (0.9,),
    "first year & Contract=Month-to-month & PaymentMethod=Electronic check": (0.9,),
    "InternetService=Fiber optic & PaymentMethod=Electronic check": (-0.8,),
    "StreamingTV=Yes & StreamingMovies=Yes": (-0.6,),
}
"""Weights of the churn logit; tenure enters as years, as the logarithm of months, and as steps."""
