from contextlib import closing
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from schemas.campaign import Budget
from tasks.core.campaigns.choice.profit import expected_cost, expected_profit
from tasks.core.campaigns.choice.ranking import Ranking


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


def ranked(profit: np.ndarray) -> Ranking:
    """Rank customers of equal cost, of whom none is a control; ties in the order of the customers."""
    made = Ranking(Path("/tmp"))  # noqa: S108 an unnamed file
    nobody, cost = np.zeros(len(profit), dtype=np.bool_), np.full(len(profit), 20.0)
    made.add(profit, np.arange(len(profit), dtype=np.uint64), cost, nobody)
    return made


@pytest.mark.parametrize("seed", range(5))
def test_walking_down_the_ranking_finds_the_maximum_profit(seed: int) -> None:
    """Acceptance: the best profit per customer is that of the measure, to a billionth.

    The maximum profit measure (Verbraken 2013, equation 8) with one value for everybody, over all thresholds
    of labelled data: a leaver brings g (V - d) - f, a stayer costs d + f. The package empulse, which is not
    among our dependencies, gives the same figures.
    """
    rng = np.random.default_rng(seed)
    probability = rng.random(1_000).round((6, 2)[seed % 2])
    left = rng.random(1_000) < probability
    g, value, d, f = rng.uniform(0.1, 0.6), rng.uniform(200, 900), rng.uniform(1, 60), rng.uniform(0, 10)
    measure = 0.0
    for threshold in np.unique(probability):
        leavers = int((left & (probability >= threshold)).sum())
        stayers = int((~left & (probability >= threshold)).sum())
        measure = max(measure, (leavers * (g * (value - d) - f) - stayers * (d + f)) / 1_000)

    profit = expected_profit(probability, np.full(1_000, value), acceptance=g, incentive=d, contact_cost=f)
    with closing(ranked(profit - profit.min() + 1)) as made:  # whoever costs more than they bring, too
        order = made.chosen(None).places
    realised = expected_profit(
        left.astype(float), np.full(1_000, value), acceptance=g, incentive=d, contact_cost=f
    )
    walked = realised[order].cumsum() / 1_000
    ends = np.flatnonzero(np.diff(probability[order], append=-1.0))  # a threshold takes all who are equal

    assert measure > 0
    assert len(order) == 1_000
    assert max(walked[ends]) == pytest.approx(measure, abs=1e-9)


@pytest.mark.parametrize("budget", [Budget(contacts=6), Budget(money=139.0), Budget()])
def test_with_equal_costs_the_choice_is_the_exhaustive_optimum(budget: Budget) -> None:
    """Acceptance: of 20 customers, no other choice within the budget brings more."""
    rng = np.random.default_rng(3)
    profit = expected_profit(
        rng.random(20), rng.uniform(100, 900, 20), acceptance=0.3, incentive=0.0, contact_cost=20.0
    )
    pays = np.flatnonzero(profit > 0)
    with closing(ranked(profit[pays])) as made:
        chosen = pays[made.chosen(made.cut(budget)).places]
    most = 20 if budget == Budget() else 6
    exhaustive = max(
        float(sum(choice)) for size in range(most + 1) for choice in combinations(profit.tolist(), size)
    )

    assert len(chosen) == (6 if most == 6 else len(pays))
    assert profit[chosen].sum() == pytest.approx(exhaustive, abs=1e-9)
