from itertools import combinations

import numpy as np
import pytest

from tasks.core.campaigns.profit import expected_cost, expected_profit


def test_profit_is_what_each_outcome_brings_times_its_probability() -> None:
    """Four outcomes counted one by one: stays, leaves all the same, is kept, each with its costs."""
    rng = np.random.default_rng(1)
    probability, value = rng.random(200), rng.uniform(0, 2_000, 200)
    g, d, f = 0.3, 25.0, 4.0
    outcomes = (1 - probability) * (-d) + probability * g * (value - d) + probability * (1 - g) * 0 - f

    profit = expected_profit(probability, value, acceptance=g, incentive=d, contact_cost=f)
    cost = expected_cost(probability, acceptance=g, incentive=d, contact_cost=f)

    np.testing.assert_allclose(profit, outcomes, rtol=0, atol=1e-9)
    np.testing.assert_allclose(profit, probability * g * value - cost, rtol=0, atol=1e-9)


def test_the_best_profit_is_the_exhaustive_maximum() -> None:
    """Acceptance: over all thresholds, the sum over whom it pays to contact equals the formula's maximum.

    The formula of the maximum profit measure (Verbraken 2013, equation 8), with one value for everybody, on
    labelled data: a leaver brings g (V - d) - f, a stayer costs d + f.
    """
    rng = np.random.default_rng(2)
    probability = rng.random(3_000).round(6)
    left = rng.random(3_000) < probability
    g, value, d, f = 0.3, 400.0, 30.0, 5.0
    per_left, per_stayed = g * (value - d) - f, -d - f
    ordered = left[np.argsort(-probability, kind="stable")]
    mpc = max(0.0, *np.cumsum(np.where(ordered, per_left, per_stayed))) / 3_000

    realised = expected_profit(
        left.astype(float), np.full(3_000, value), acceptance=g, incentive=d, contact_cost=f
    )
    best = max(
        (realised[probability >= threshold].sum() / 3_000 for threshold in np.unique(probability)),
        default=0.0,
    )

    assert max(best, 0.0) == pytest.approx(mpc, abs=1e-9)


def test_with_equal_costs_the_best_contacts_are_the_exhaustive_optimum() -> None:
    """Acceptance: of 20 customers and a budget of 6 contacts, no other choice brings more."""
    rng = np.random.default_rng(3)
    profit = expected_profit(
        rng.random(20), rng.uniform(100, 900, 20), acceptance=0.3, incentive=0.0, contact_cost=20.0
    )
    ranked = np.sort(profit[profit > 0])[::-1][:6].sum()
    exhaustive = max(sum(chosen) for size in range(7) for chosen in combinations(profit.tolist(), size))

    assert ranked == pytest.approx(exhaustive, abs=1e-9)
