from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.campaign import Budget
from tasks.core.campaigns.choice import ranking
from tasks.core.campaigns.choice.ranking import Ranking, in_millionths
from tasks.core.errors import ConfigError


def ranked(profit: np.ndarray, cost: np.ndarray, control: np.ndarray, tie: np.ndarray) -> Ranking:
    """Rank customers, added in two parts."""
    made = Ranking(Path("/tmp"))  # noqa: S108 an unnamed file
    for part in (slice(0, len(profit) // 3), slice(len(profit) // 3, None)):
        made.add(profit[part], tie[part], cost[part], control[part])
    return made


def walk(
    profit: np.ndarray, cost: np.ndarray, control: np.ndarray, tie: np.ndarray, budget: Budget
) -> list[int]:
    """Go down the ranking one by one until the budget ends: what the ranking must do, in plain words."""
    order = sorted(range(len(profit)), key=lambda place: (-profit[place], tie[place]))
    above, contacts, money = [], 0, 0
    for place in order:
        if not control[place]:
            contacts += 1
            money += int(in_millionths(cost[place : place + 1])[0])
            if budget.contacts is not None and contacts > budget.contacts:
                break
            if budget.money is not None and money > budget.money * ranking.MICRO:
                break
        above.append(place)
    return above


def customers(seed: int, count: int, values: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Make profits, costs, controls and ties; with few values, many profits are equal."""
    rng = np.random.default_rng(seed)
    profit = rng.choice(rng.lognormal(2, 3, values), count)
    tie = rng.integers(0, 2**64, count, dtype=np.uint64)
    return profit, rng.lognormal(1, 1, count), rng.random(count) < 0.2, tie


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 300),
    values=st.sampled_from([1, 5, 1_000]),
    contacts=st.none() | st.integers(1, 300),
    money=st.none() | st.floats(0.1, 2_000),
    at_once=st.sampled_from([1, 7, 2**18]),
)
def test_the_cut_is_where_a_walk_down_the_ranking_ends(
    seed: int, count: int, values: int, contacts: int | None, money: float | None, at_once: int
) -> None:
    """However few customers may be sorted at once, and however many profits are equal."""
    given_ = customers(seed, count, values)
    budget = Budget(contacts=contacts, money=None if money is None else round(money, 2))
    with closing(ranked(*given_)) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_SORTED_AT_ONCE", at_once)
        found = made.chosen(made.cut(budget))

    assert found.places.tolist() == walk(*given_, budget)
    assert found.is_control.tolist() == given_[2][found.places].tolist()


def test_a_budget_that_is_used_up_exactly_covers_its_last_customer() -> None:
    """In money, to a millionth, and in contacts."""
    ones = np.ones(5)
    tie = np.arange(5, dtype=np.uint64)
    with closing(ranked(ones, ones, np.array([False, True, False, False, False]), tie)) as made:
        for budget, chosen in (
            (Budget(money=2.0), 3),
            (Budget(money=1.999_999), 2),
            (Budget(contacts=2), 3),
            (Budget(money=4.0, contacts=4), 5),
        ):
            assert len(made.chosen(made.cut(budget)).places) == chosen


def test_lists_of_growing_budgets_are_prefixes_of_one_ranking() -> None:
    """Acceptance: over 200 random budgets in contacts and money, nobody is dropped by a larger one."""
    rng = np.random.default_rng(2)
    sizes = set()
    with closing(ranked(*customers(1, 5_000, 400))) as made:
        whole = made.chosen(None)
        for _ in range(200):
            budget = Budget(contacts=int(rng.integers(1, 6_000)), money=float(rng.integers(1, 30_000)))
            found = made.chosen(made.cut(budget))
            assert found.places.tolist() == whole.places[: len(found.places)].tolist()
            sizes.add(len(found.places))
    assert len(sizes) > 100


def test_the_curve_ends_with_everybody() -> None:
    """It rises to the sum of all profits, controls aside, and each point is the best that many can bring."""
    profit, cost, control, tie = customers(3, 2_000, 900)
    with closing(ranked(profit, cost, control, tie)) as made:
        curve = made.curve()
    best = np.sort(profit[~control])[::-1].cumsum()

    assert curve[-1].contacts == (~control).sum()
    for point in curve:
        assert point.profit == pytest.approx(best[point.contacts - 1], rel=1e-6)


@pytest.mark.parametrize(("profit", "cost"), [(1e9, 1.15e12), (1.15e12, 1e9)])
def test_amounts_too_large_to_add_up_are_refused(profit: float, cost: float, tmp_path: Path) -> None:
    """Rather than wrapped around into a list of anybody; just below, all is exact."""
    customer = (np.array([profit]), np.zeros(1, np.uint64), np.array([cost]), np.zeros(1, np.bool_))
    with closing(Ranking(tmp_path)) as made:
        for _ in range(4):
            made.add(*customer)
        assert made.cut(Budget(contacts=4)) is None
        assert made.curve()[-1].profit == 4 * profit
        with pytest.raises(ConfigError, match=r"more than 4.6e\+12.* in a larger unit"):
            made.add(*customer)
