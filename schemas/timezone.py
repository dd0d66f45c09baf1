"""The operator's time zone: in it a day begins and ends. Instants are stored in UTC all the same."""

from datetime import UTC
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field

DEFAULT_TIMEZONE: Final = "Europe/Paris"
"""The zone of the schedules in deployments/prefect.yaml."""


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no relative path, a folder of zones
        raise ValueError("is not a time zone of the IANA database, such as Europe/Paris or UTC") from None
    return name


Timezone = Annotated[
    str, AfterValidator(_known), Field(description="IANA name of the time zone in which days begin and end.")
]

Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""A point in time, in UTC wherever the clock was."""
