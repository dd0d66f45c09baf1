"""The simulated customers: a causal chain from household to churn.

household -> contract -> tenure -> telephone and internet -> services -> paper and payment -> charges -> churn

Each link is a logit of the links before it (`parameters.toml`), so the joint distribution, not only
that of each column, is that of a telecom operator. The draws of customer i depend only on the seed and
on i, so chunks of any size give the same customers.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.columns import CATEGORIES, INTERNET_SERVICES, NO_INTERNET, NO_PHONE, TARGET
from tasks.core.simulator.choice import Codes, Features, Numbers, draw, linear, probabilities
from tasks.core.simulator.drift_scenarios import Drift, tilt
from tasks.core.simulator.parameters import PARAMETERS, month_ranges

_DRAWS: Final = (
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "Contract",
    "tenure",
    "month in the range",
    "new customer",
    "PhoneService",
    "InternetService",
    "MultipleLines",
    *INTERNET_SERVICES,
    "PaperlessBilling",
    "PaymentMethod",
    "monthly radius",
    "monthly angle",
    "total radius",
    "total angle",
    "Churn",
)
"""The purpose of each of a customer's uniform numbers."""

_DRAWS_A_COUNTER: Final = 4
"""Numbers per step of Philox's counter; each customer must use whole steps."""
assert len(_DRAWS) % _DRAWS_A_COUNTER == 0

_MONTHS_A_YEAR: Final = 12


class Population(NamedTuple):
    """Customers `start` to `start + N - 1`, column by column."""

    start: int
    codes: dict[str, Codes]
    """Category columns as indices into `CATEGORIES`, each of shape (N,)."""
    tenure: Codes
    """Whole months, shape (N,)."""
    monthly: Codes
    """MonthlyCharges in steps of `charges.step`, shape (N,)."""
    total: Codes
    """TotalCharges in steps of `charges.step`, shape (N,); 0 where tenure is 0."""
    probability: Numbers
    """True churn probability, shape (N,)."""
    churned: Codes
    """1 for a churner, else 0, shape (N,)."""


def populate(start: int, rows: int, seed: int, drift: Drift) -> Population:
    """Draw customers `start` (from 0) to `start + rows - 1` from the population that a seed defines."""
    bits = np.random.Philox(seed)
    bits.advance(start * len(_DRAWS) // _DRAWS_A_COUNTER)
    uniform = dict(zip(_DRAWS, np.random.Generator(bits).random((rows, len(_DRAWS))).T, strict=True))
    chain = _Chain(rows, uniform, drift)
    for column in ("gender", "SeniorCitizen", "Partner", "Dependents", "Contract"):
        chain.add(column)
    tenure = _tenure(chain)
    add_tenure(chain.features, tenure)
    chain.add("PhoneService")
    no_phone = chain.features["PhoneService=No"] == 1
    chain.add("InternetService", where=no_phone, value="DSL")
    chain.add("MultipleLines", where=no_phone, value=NO_PHONE)
    no_internet = chain.features["InternetService=No"] == 1
    for service in INTERNET_SERVICES:
        chain.add(service, where=no_internet, value=NO_INTERNET)
    chain.add("PaperlessBilling")
    chain.add("PaymentMethod")
    monthly = _monthly(chain)
    probability = churn_probability(chain.features)
    churned = (uniform["Churn"] < probability).astype(np.int64)
    return Population(
        start, chain.codes, tenure, monthly, _total(chain, tenure, monthly), probability, churned
    )


def add_tenure(features: Features, tenure: Codes) -> None:
    """Add the transformations of tenure, whole months of shape (N,), that the logits use."""
    features["years"] = tenure / _MONTHS_A_YEAR
    features["log_months"] = np.log1p(tenure.astype(np.float64))
    features["new"] = (tenure <= 1).astype(np.float64)
    features["first year"] = (tenure <= _MONTHS_A_YEAR).astype(np.float64)


def churn_probability(features: Features) -> Numbers:
    """Return the true probability of churn, shape (N,), which no model knows."""
    logit = linear(PARAMETERS.choices[TARGET].logits, features, len(features["years"]))[:, 0]
    return np.asarray(1 / (1 + np.exp(-logit)))


class _Chain:
    """The links drawn so far: codes, and features for the next links."""

    def __init__(self, rows: int, uniform: dict[str, Numbers], drift: Drift) -> None:
        self.rows = rows
        self.uniform = uniform
        self.drift = drift
        self.codes: dict[str, Codes] = {}
        self.features: Features = {}

    def choose(self, column: str) -> Codes:
        """Draw the index of each customer's value, shape (N,)."""
        moved = tilt(self.drift, column) if column in CATEGORIES else None
        choice = PARAMETERS.choices[column]
        return draw(probabilities(choice, self.features, self.rows, moved), self.uniform[column])

    def add(self, column: str, where: npt.NDArray[np.bool_] | None = None, value: str | None = None) -> None:
        """Draw a category column; customers in `where` always get `value`."""
        vocabulary = CATEGORIES[column]
        codes = _codes(PARAMETERS.choices[column].values, vocabulary)[self.choose(column)]
        if where is not None and value is not None:
            codes[where] = vocabulary.index(value)
        self.codes[column] = codes
        self.features |= {f"{column}={word}": (codes == i) * 1.0 for i, word in enumerate(vocabulary)}


def _codes(values: Sequence[str], vocabulary: Sequence[str]) -> Codes:
    return np.array([vocabulary.index(value) for value in values])


def _tenure(chain: _Chain) -> Codes:
    """Return whole months: a range, a month within it, then the few who have just joined."""
    first, last = np.array(list(month_ranges(PARAMETERS))).T
    drawn = chain.choose("tenure")
    width = last[drawn] - first[drawn] + 1
    months = first[drawn] + np.floor(chain.uniform["month in the range"] * width).astype(np.int64)
    months[chain.uniform["new customer"] < PARAMETERS.tenure.new_customer_share] = 0
    shifted = np.rint(months * (1 + chain.drift.get("tenure", 0.0)))
    return np.asarray(np.clip(shifted, 0, last[-1]), dtype=np.int64)


def _normal(radius: Numbers, angle: Numbers) -> Numbers:
    """Turn two uniform numbers into a standard normal one.

    Source: Box and Muller, A Note on the Generation of Random Normal Deviates, 1958.
    """
    return np.asarray(np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * angle))


def _monthly(chain: _Chain) -> Codes:
    """Return the price of the booked services plus a small deviation, in whole steps."""
    price = np.zeros(chain.rows)
    for feature, amount in PARAMETERS.charges.prices.items():
        price += amount * chain.features[feature]
    deviation = PARAMETERS.charges.monthly_deviation * (2 - chain.features["InternetService=No"])
    price += deviation * _normal(chain.uniform["monthly radius"], chain.uniform["monthly angle"])
    price *= 1 + chain.drift.get("MonthlyCharges", 0.0)
    return np.rint(price / PARAMETERS.charges.step).astype(np.int64)


def _total(chain: _Chain, tenure: Codes, monthly: Codes) -> Codes:
    """Return the total billed so far: months times charge, varying with past prices, in whole steps."""
    deviation = np.where(tenure > 1, PARAMETERS.charges.total_deviation / np.sqrt(np.maximum(tenure, 1)), 0.0)
    ratio = 1 + deviation * _normal(chain.uniform["total radius"], chain.uniform["total angle"])
    total = np.rint(tenure * monthly * np.clip(ratio, *PARAMETERS.charges.total_ratio))
    return np.asarray(total, dtype=np.int64)
