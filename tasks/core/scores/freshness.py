"""Check whether the scores in use are stale."""

from datetime import UTC, date, datetime, time, timedelta


def age_hours(as_of: date, now: datetime) -> float:
    """Count the hours since the end of a day in the clock's time zone; negative before it ends."""
    end = datetime.combine(as_of + timedelta(days=1), time(), tzinfo=now.tzinfo)
    return (now.astimezone(UTC) - end.astimezone(UTC)) / timedelta(hours=1)  # a day may have 23 or 25


def stale(as_of: date, now: datetime, max_age_hours: int) -> str | None:
    """Describe how stale the scores of that day are; None if they are not."""
    hours = age_hours(as_of, now)
    if hours <= max_age_hours:
        return None
    return (
        f"the newest scores are for {as_of}, which ended {hours:.0f} hours ago; expected at most"
        f" {max_age_hours}. Ask the CRM team for the missing extracts."
    )
