from datetime import date

import pytest

from tasks.core.errors import ConfigError, UnnamedError
from tasks.core.extract.dates import as_of_date

MODIFIED, TODAY = date(2026, 3, 1), date(2026, 3, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crm.csv", MODIFIED),
        ("crm_2026-02-28.csv", date(2026, 2, 28)),
        ("20260228_crm.csv", date(2026, 2, 28)),
        ("crm-2026_02_28-v2.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_20260228.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_batch_20261500.csv", date(2026, 2, 28)),
        ("crm_2026-02-28_01-02-2026.csv", date(2026, 2, 28)),
        ("crm_20269901.csv", MODIFIED),
        ("crm_10-30-00.csv", MODIFIED),
        ("crm_120260228.csv", MODIFIED),
        ("crm_2026-0228.csv", MODIFIED),
    ],
)
def test_the_name_goes_before_the_file(name: str, expected: date) -> None:
    """A whole date in the name is taken, in any usual spelling; otherwise the file's day."""
    assert as_of_date(name, asked=None, modified=MODIFIED, today=TODAY) == expected


def test_the_operator_goes_before_the_name() -> None:
    """What is asked for wins."""
    asked = date(2025, 1, 1)

    assert as_of_date("crm_2026-02-28.csv", asked=asked, modified=MODIFIED, today=TODAY) == asked


@pytest.mark.parametrize(
    ("name", "asked", "modified", "error"),
    [
        ("crm_2026-03-03.csv", None, MODIFIED, UnnamedError),
        ("crm.csv", None, date(2026, 3, 3), UnnamedError),
        ("crm.csv", date(2026, 3, 3), MODIFIED, ConfigError),
        ("crm_2026-02-01_2026-02-28.csv", None, MODIFIED, UnnamedError),
    ],
)
def test_the_future_and_two_dates_are_refused(
    name: str, asked: date | None, modified: date, error: type[Exception]
) -> None:
    """A day that has not come, or two of them, are never guessed about."""
    with pytest.raises(error):
        as_of_date(name, asked=asked, modified=modified, today=TODAY)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("crm_2026-13-01.csv", "does not exist"),
        ("crm_2026-02-30.csv", "does not exist"),
        ("crm_2026_99_99.csv", "does not exist"),
        ("20260230_crm.csv", "does not exist"),
        ("crm_2026-02-30_2026-02-31.csv", "does not exist"),
        ("crm_01-11-2026.csv", "Write the day as YYYY-MM-DD"),
        ("crm_11.30.2025.csv", "Write the day as YYYY-MM-DD"),
        ("crm_30_11_2025.csv", "Write the day as YYYY-MM-DD"),
    ],
)
def test_a_day_that_cannot_be_read_is_refused(name: str, why: str) -> None:
    """The file's day never silently stands for one that the name means; the name is not shown."""
    with pytest.raises(UnnamedError, match=why) as error:
        as_of_date(name, asked=None, modified=MODIFIED, today=TODAY)

    assert str(error.value).startswith("has a date in its name")
    assert "\n" not in str(error.value)
    assert name not in str(error.value)
    assert as_of_date(name, asked=MODIFIED, modified=TODAY, today=TODAY) == MODIFIED
