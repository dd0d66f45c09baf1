from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tasks.core.scores.freshness import age_hours, stale

DAY = date(2026, 3, 1)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 2, 4, tzinfo=UTC), 4),
        (datetime(2026, 3, 1, 22, tzinfo=UTC), -2),
        (datetime(2026, 3, 4, tzinfo=UTC), 48),
    ],
)
def test_age_counts_from_the_end_of_the_day(now: datetime, hours: float) -> None:
    """Scores of a day are not old while it lasts."""
    assert age_hours(DAY, now) == hours


@pytest.mark.parametrize(
    ("day", "now", "hours"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 4, tzinfo=PARIS), 3),
        (date(2026, 3, 28), datetime(2026, 3, 30, tzinfo=PARIS), 23),
        (date(2026, 10, 24), datetime(2026, 10, 25, 4, tzinfo=PARIS), 5),
        (date(2026, 10, 24), datetime(2026, 10, 26, tzinfo=PARIS), 25),
        (date(2026, 3, 1), datetime(2026, 3, 1, 23, tzinfo=UTC).astimezone(PARIS), 0),
        (date(2026, 3, 1), datetime(2026, 3, 1, 11, tzinfo=UTC).astimezone(ZoneInfo("Pacific/Auckland")), 0),
    ],
)
def test_hours_are_counted_across_clock_changes(day: date, now: datetime, hours: float) -> None:
    """A day ends at the operator's midnight; when the clocks change it has 23 or 25 hours."""
    assert age_hours(day, now) == hours


def test_stale_beyond_the_limit() -> None:
    """At the limit scores are fresh; an hour later they are stale, with a message."""
    assert stale(DAY, datetime(2026, 3, 3, 6, tzinfo=UTC), 30) is None
    said = stale(DAY, datetime(2026, 3, 3, 7, tzinfo=UTC), 30)
    assert said is not None
    assert "for 2026-03-01, which ended 31 hours ago; expected at most 30." in said
