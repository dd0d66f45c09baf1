from datetime import UTC, date, datetime

import pytest

from tasks.core.scores.freshness import age_hours, stale

DAY = date(2026, 3, 1)


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


def test_stale_beyond_the_limit() -> None:
    """At the limit scores are fresh; an hour later they are stale, with a message."""
    assert stale(DAY, datetime(2026, 3, 3, 6, tzinfo=UTC), 30) is None
    said = stale(DAY, datetime(2026, 3, 3, 7, tzinfo=UTC), 30)
    assert said is not None
    assert "for 2026-03-01, which ended 31 hours ago; expected at most 30." in said
