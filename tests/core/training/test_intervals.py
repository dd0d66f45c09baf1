import pytest

from tasks.core.training.intervals import proportion


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (150, 300, 0.4437, 0.5563)],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    """The interval is the published score interval and always holds the share itself."""
    found = proportion(hits, n)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None

    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert 0 <= found.low <= found.value <= found.high <= 1 + 1e-12


def test_small_groups_get_none() -> None:
    """A share of fewer than ten customers is not shown."""
    assert proportion(5, 9).value is None
