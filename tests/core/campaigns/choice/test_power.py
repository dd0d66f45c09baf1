import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import power_proportions_2indep, samplesize_proportions_2indep_onetail

from tasks.core.campaigns.choice.power import customers_needed, plan_power, power_of, smallest_drop

churns = st.floats(0.001, 0.999)  # statsmodels divides by the variance, which is zero at 1
sizes = st.integers(2, 2_000_000)


@given(churn=churns, relative=st.floats(0, 1), contacts=sizes, controls=sizes)
def test_the_power_is_that_of_statsmodels(
    churn: float, relative: float, contacts: int, controls: int
) -> None:
    """For groups of any two sizes, within one in a million."""
    drop = relative * churn
    oracle = power_proportions_2indep(-drop, churn, contacts, ratio=controls / contacts, return_results=False)

    assert power_of(drop, churn, contacts, controls) == pytest.approx(float(oracle), abs=1e-6)


@given(churn=churns, relative=st.floats(0.01, 0.5), share=st.floats(0.01, 0.5))
def test_the_customers_needed_are_those_of_statsmodels(churn: float, relative: float, share: float) -> None:
    """Rounded up to whole customers: its number of contacts, and the controls that belong to them.

    It counts one tail at half of 5 %, as we do; its two-sided power for that many is 80 %
    or at most one in a thousand more, which the other tail adds.
    """
    drop = relative * churn
    ratio = share / (1 - share)
    contacts = float(samplesize_proportions_2indep_onetail(-drop, churn, 0.8, ratio=ratio))
    found = customers_needed(drop, churn, share)

    assert found is not None
    assert found - 1 <= contacts / (1 - share) * (1 + 1e-9)
    assert found >= contacts / (1 - share) * (1 - 1e-9)
    power = float(power_proportions_2indep(-drop, churn, contacts, ratio=ratio, return_results=False))
    assert 0.8 - 1e-9 <= power < 0.801


@given(churn=churns, contacts=sizes, controls=sizes)
def test_the_smallest_drop_has_eighty_per_cent(churn: float, contacts: int, controls: int) -> None:
    """By statsmodels' power; a thousandth less has less. None: even a drop to zero has not."""
    found = smallest_drop(churn, contacts, controls)

    def power(drop: float) -> float:
        ratio = controls / contacts
        return float(power_proportions_2indep(-drop, churn, contacts, ratio=ratio, return_results=False))

    if found is None:
        assert power(churn) < 0.8
    else:
        assert 0 < found <= churn
        assert power(found) == pytest.approx(0.8, abs=1e-6) or (found == churn and power(churn) > 0.8)
        assert power(0.999 * found) < 0.8


@pytest.mark.parametrize(
    ("churn", "share", "needed"),
    [(0.3, 0.1, 4_649), (0.3, 0.2, 2_634), (0.3, 0.5, 1_717), (0.1, 0.1, 17_245), (0.1, 0.5, 6_426)],
)
def test_known_numbers(churn: float, share: float, needed: int) -> None:
    """A relative drop of a fifth: a small control group and rare leaving take many more customers."""
    assert plan_power(900, 100, churn, share).customers_needed == needed


def test_a_thousand_customers_show_only_large_effects() -> None:
    """With a tenth in the control group and 30 % churn: a drop of twelve points or more."""
    found = plan_power(900, 100, 0.3, 0.1)

    assert found.smallest_effect == pytest.approx(0.12, abs=0.01)
    assert found.power is not None
    assert found.power < 0.3


@pytest.mark.parametrize(
    ("contacts", "controls", "churn", "share"),
    [(0, 0, None, 0.1), (0, 5, 0.3, 0.1), (5, 0, 0.3, 0.0), (5, 5, 0.0, 0.1), (0, 0, None, 0.0)],
)
def test_what_cannot_be_computed_is_none(
    contacts: int, controls: int, churn: float | None, share: float
) -> None:
    """An empty group, nobody who leaves, no control group: never NaN, never an error."""
    found = plan_power(contacts, controls, churn, share)

    assert found.smallest_effect is None
    assert found.power is None
    assert (found.customers_needed is None) == (not churn or share == 0)


@given(
    churn=st.floats(0, 1),
    contacts=st.integers(0, 10**7),
    controls=st.integers(0, 10**7),
    share=st.floats(0, 0.5),
)
def test_every_plan_has_a_power(churn: float, contacts: int, controls: int, share: float) -> None:
    """Shares stay shares, and numbers finite, whatever the groups."""
    found = plan_power(contacts, controls, churn, share)

    assert found.power is None or (0 <= found.power <= 1 and math.isfinite(found.power))


def test_more_customers_than_there_are_people_are_no_answer() -> None:
    """A churn of one in a billion cannot be lowered visibly."""
    assert plan_power(900, 100, 1e-9, 0.1).customers_needed is None


def test_everybody_leaves() -> None:
    """Two groups without any variance: a drop from all to none is certain to be seen, no drop is not."""
    assert power_of(1.0, 1.0, 50, 50) == 1
    assert power_of(0.0, 1.0, 50, 50) == 0
