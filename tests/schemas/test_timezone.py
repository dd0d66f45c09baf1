from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from schemas.config import ScoreConfig
from schemas.operations import RetentionPolicy
from schemas.timezone import DEFAULT_TIMEZONE, Instant
from tasks.core.errors import ConfigError
from tasks.core.settings import load_config

ROOT = Path(__file__).parents[2]


def test_nights_and_sweeps_share_the_default() -> None:
    """Days end when those of the schedules do."""
    deployments = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
    schedules = [each for deployment in deployments for each in deployment.get("schedules", ())]

    assert len(schedules) == 3
    assert {each["timezone"] for each in schedules} == {DEFAULT_TIMEZONE}
    assert ScoreConfig().timezone == RetentionPolicy().timezone == DEFAULT_TIMEZONE


@pytest.mark.parametrize("name", ["Paris", "Europe", "../UTC", "/etc/localtime", "CET+1", "europe/pariss"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    """The line names the setting and gives an example."""
    with pytest.raises(ConfigError, match=r"setting 'timezone'.*of the IANA database, such as Europe/Paris"):
        load_config(ScoreConfig, None, [f"timezone={name}"])


def test_instants_are_stored_in_utc() -> None:
    """The zone of a clock is not stored with its time."""
    at = TypeAdapter(Instant).validate_python(datetime(2026, 3, 29, 3, tzinfo=ZoneInfo("Europe/Paris")))

    assert at.isoformat() == "2026-03-29T01:00:00+00:00"


def test_a_time_without_a_zone_is_no_instant() -> None:
    """It is refused, instead of being taken for the time of whatever machine reads it."""
    with pytest.raises(ValidationError, match="should have timezone info"):
        TypeAdapter(Instant).validate_python("2026-03-29T01:00:00")
