from typing import Any

import pytest

from schemas.config import ScoreConfig

pytest.importorskip("distributed", reason="the extra 'dask' is not installed")

from tests.benchmarks import scale
from tests.benchmarks.scale import Rates
from tests.benchmarks.scale_steps import Measured

RATES = Rates(r=1e6, c=4e6, g=3.5e6, h=8e6, t=2e6, p=2e6)


def steps(**found: Any) -> dict[str, Measured]:
    """Make what the steps measure on a million customers; `found` replaces the scores of one."""
    written = {"scores.csv": "a", "quarantine.csv": "b"}
    return {
        "cut": Measured(0.25, 0.2, 200.0, {"hashing": 0.125}),
        "worker": Measured(1.0, 0.8, 300.0, {"record_bytes": 92_000_000}),
        "driver": Measured(0.5, 0.4, 250.0, written),
        "threads": Measured(0.5, 0.9, 400.0, written),
        "cluster": Measured(0.8, 0.1, 250.0, written | {"workers_peak_mb": 310.0} | found),
    }


@pytest.mark.parametrize(
    ("customers", "workers", "seconds"),
    [
        (10_000_000, 2, 30 + 2.5 + 5.0 + 2 / 3.5),
        (10_000_000, 8, 30 + 2.5 + 10 / 3.5 + 2 / 3.5),  # the driver is the limit
        (1_000_000, 8, 30 + 0.25 + 1.0 + 1 / 3.5),  # one partition, so one worker
    ],
)
def test_a_night_takes_what_the_formula_says(customers: int, workers: int, seconds: float) -> None:
    """Computed by hand; a worker without a partition does not help."""
    assert RATES.on_a_cluster(customers, workers) == pytest.approx(seconds)


def test_the_driver_limits_from_some_number_of_workers_on() -> None:
    """Three and a half workers feed it, so the fourth is the last to help."""
    assert RATES.most_workers == 4
    assert RATES.by_threads(8_000_000) == pytest.approx(1 + 4)


def test_rates_come_from_the_steps() -> None:
    """A million customers of 136 bytes; a partition holds as many as its default size."""
    rates = scale.rates_of(steps(), 1_000_000, 136_000_000)

    assert (rates.r, rates.c, rates.g, rates.h, rates.t) == (1e6, 4e6, 2e6, 8e6, 2e6)
    assert rates.p == pytest.approx(ScoreConfig().partition_bytes / 136)


def test_other_bytes_are_refused() -> None:
    """A cluster must write what threads do."""
    scale.refuse_other_bytes(steps())

    with pytest.raises(SystemExit, match="quarantine"):
        scale.refuse_other_bytes(steps(**{"quarantine.csv": "c"}))


def test_tables_name_every_rate_and_night() -> None:
    """Rates by wall and processor time, minutes by machines."""
    assert "| gathering on the driver | g | 2,000,000 | 2,500,000 | 250 |" in scale.rates_table(
        steps(), 1_000_000
    )
    assert "92 bytes per customer" in scale.comparison(steps(), 1_000_000)
    text = scale.nights_table(RATES)
    assert "| 100,000,000 | 1.0 | 1.8 | 1.4 | 1.4 | 1.4 |" in text
    assert "From W = 4 on, 2 machines with 2 workers each" in text
