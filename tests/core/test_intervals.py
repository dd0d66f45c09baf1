import pytest
from scipy.stats import binomtest, norm

from tasks.core.intervals import Z_95, proportion, wilson


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
