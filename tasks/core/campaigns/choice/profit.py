"""What a contact is expected to bring, and to cost."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def expected_profit(
    probability: Floats, value: Floats, *, acceptance: float, incentive: float, contact_cost: float
) -> Floats:
    """Return the expected profit of contacting each of N customers, in the currency of `value`: (N,).

    With p the probability of leaving, g the share of those about to leave whom the offer keeps, V the value
    of a customer who is kept, d the incentive and f the cost of the contact:
    p g (V - d) - (1 - p) d - f. Whoever would have stayed accepts the offer, too.

    Source: Verbraken, Verbeke and Baesens 2013, "A novel profit maximizing metric for measuring
    classification performance of customer churn prediction models", IEEE TKDE 25(5).
    """
    stays = 1.0 - probability
    return probability * acceptance * (value - incentive) - stays * incentive - contact_cost


def expected_cost(probability: Floats, *, acceptance: float, incentive: float, contact_cost: float) -> Floats:
    """Return what contacting each of N customers is expected to cost, in the currency of the incentive: (N,).

    The part of `expected_profit` that is spent: the contact, and the incentive of everyone who accepts.
    """
    accepts = probability * acceptance + (1.0 - probability)
    return accepts * incentive + contact_cost
