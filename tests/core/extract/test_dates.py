from datetime import date

import pytest

from tasks.core.errors import ChurnError, ConfigError, ExtractError
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
        ("crm_2026-02-30.csv", MODIFIED),
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
        ("crm_2026-03-03.csv", None, MODIFIED, ExtractError),
        ("crm.csv", None, date(2026, 3, 3), ExtractError),
        ("crm.csv", date(2026, 3, 3), MODIFIED, ConfigError),
        ("crm_2026-02-01_2026-02-28.csv", None, MODIFIED, ExtractError),
    ],
)
def test_the_future_and_two_dates_are_refused(
    name: str, asked: date | None, modified: date, error: type[ChurnError]
) -> None:
    """A day that has not come, or two of them, are never guessed about."""
    with pytest.raises(error):
        as_of_date(name, asked=asked, modified=modified, today=TODAY)
