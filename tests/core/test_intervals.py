from typing import Any

import pytest
from scipy.stats import binomtest, norm

from schemas.measures import Measure
from tasks.core.intervals import Z_95, proportion, wilson, with_interval


def test_the_quantile_is_the_normal_distributions() -> None:
    """To the last bit, since evaluations are compared byte by byte."""
    assert norm.ppf(0.975) == Z_95


@pytest.mark.parametrize("n", [1, 2, 10, 37, 300, 7_043, 1_000_000])
def test_the_interval_is_wilsons(n: int) -> None:
    """It is SciPy's, from no hit to hits only, and always holds the share itself."""
    for hits in sorted({0, 1, n // 10, n // 3, n // 2, n - 1, n}):
        low, high = wilson(hits, n)
        oracle = binomtest(hits, n).proportion_ci(method="wilson")

        assert (low, high) == pytest.approx((oracle.low, oracle.high), rel=1e-12, abs=1e-15)
        assert -1e-12 <= low <= hits / n <= high <= 1 + 1e-12


def test_small_groups_get_none() -> None:
    """A share of fewer than ten customers is not shown."""
    assert proportion(5, 9).value is None
    assert proportion(5, 10).value == 0.5


@pytest.mark.parametrize(
    ("measure", "settings", "text"),
    [
        ((None, None, None), {}, "none"),
        ((0.5, None, None), {}, "0.500"),
        ((0.5, None, 0.6), {}, "0.500"),
        ((0.5, 0.4, 0.61), {}, "0.500 (0.400 to 0.610)"),
        ((0.5, -0.4, 0.61), {"sign": "+", "digits": 2}, "+0.50 (-0.40 to +0.61)"),
    ],
)
def test_a_measure_is_written_with_its_interval(
    measure: tuple[float | None, ...], settings: dict[str, Any], text: str
) -> None:
    """A missing measure is reported as such; an incomplete interval is left out."""
    value, low, high = measure

    assert with_interval(Measure(value=value, low=low, high=high), "none", **settings) == text


def test_a_share_of_nobody_or_of_everybody_stays_within_bounds() -> None:
    """Rounding does not carry an end beyond 0 or 1, whatever the number of customers."""
    for n in range(1, 5_000):
        (low, high), (least, most) = wilson(0, n), wilson(n, n)
        assert 0.0 == low < high < 1.0
        assert 0.0 < least < most == 1.0
