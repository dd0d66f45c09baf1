"""Scores belong to an extract, a bundle and the settings by which the extract was read."""

import logging
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from schemas.config import Locations, ScoreConfig
from tasks.core.errors import ExtractError
from tasks.core.jobs.move_champion import move_champion
from tasks.core.jobs.night_outcome import NightOutcome
from tasks.core.jobs.score_night import score_night
from tasks.core.scores.folders import read_manifest
from tasks.core.scores.latest import read_latest
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.home import Home

DAY = date(2026, 3, 2)
RIGHT = {"SeniorCitizen": {"No": "0", "Yes": "1"}}
WRONG = {"SeniorCitizen": {"No": "1", "Yes": "0"}}


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """Write an extract in which SeniorCitizen is Yes or No, as some CRMs have it."""
    customers = make_customers(60, seed=3)
    customers["SeniorCitizen"] = customers["SeniorCitizen"].astype(str).map({"0": "No", "1": "Yes"})
    path = tmp_path / "crm.csv"
    customers.to_csv(path, index=False)
    return path


class Nights:
    """Nights of a home, an hour apart."""

    def __init__(self, home: Home) -> None:
        self.home = Locations(home=home.path)
        self._hours = (datetime(2026, 3, 3, tzinfo=UTC) + timedelta(hours=hour) for hour in count())

    def score(self, extract: Path, **reading: Any) -> NightOutcome:
        """Score the extract, read by these settings."""
        config = ScoreConfig.model_validate({"settle_seconds": 0, "ingest": reading})
        return score_night(
            secret=SECRET,
            home=self.home,
            config=config,
            now=lambda: next(self._hours),
            extract=extract,
            as_of=DAY,
            force=True,
        )

    @property
    def latest(self) -> str | None:
        """Name the folder that latest.json points to."""
        found = read_latest(self.home.scores)
        return found.folder if found else None


def probabilities(folder: Path) -> list[float]:
    """Read the probabilities of published scores."""
    return pd.read_csv(folder / "scores.csv")["churn_probability"].tolist()


def test_a_corrected_value_map_is_scored_again(trained_home: Home, extract: Path) -> None:
    """The corrected scores become the latest, and each manifest records how the extract was read."""
    nights = Nights(trained_home)
    (wrong,) = nights.score(extract, value_maps=WRONG).scored
    (right,) = nights.score(extract, value_maps=RIGHT).scored

    assert probabilities(wrong) != probabilities(right)
    assert nights.latest == right.name
    manifest = read_manifest(right)
    assert manifest is not None
    assert manifest.inputs is not None
    assert manifest.inputs.reading.value_maps == RIGHT
    assert manifest.inputs_id == manifest.inputs.inputs_id == right.name[-16:]
    assert manifest.supersedes == ()


def test_the_same_settings_are_not_scored_twice(
    trained_home: Home, extract: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They are recognised; going back to settings scored before logs which scores are in use."""
    nights = Nights(trained_home)
    (wrong,) = nights.score(extract, value_maps=WRONG).scored
    assert nights.score(extract, value_maps=WRONG).repeated == [wrong]
    assert "with other settings" not in caplog.text
    (right,) = nights.score(extract, value_maps=RIGHT).scored

    assert nights.score(extract, value_maps=WRONG).repeated == [wrong]
    assert nights.latest == right.name
    assert f"the latest scores, {right.name}, are of this extract with other settings" in caplog.text


def test_a_stricter_limit_judges_the_extract_again(trained_home: Home, tmp_path: Path) -> None:
    """What a generous limit let through is refused by a strict one, although it was scored before."""
    customers = make_customers(60, seed=3).astype(str)
    customers.loc[:5, "gender"] = "?"
    path = tmp_path / "crm.csv"
    customers.to_csv(path, index=False)
    nights = Nights(trained_home)
    assert nights.score(path, max_quarantined_share=0.5).scored

    assert isinstance(nights.score(path, max_quarantined_share=0.05).error, ExtractError)


@pytest.mark.parametrize(
    ("given", "said"), [({}, ""), ({"max_quarantined_share": 0.5}, ", except for max_quarantined_share")]
)
def test_a_promotion_scores_the_extract_as_it_was_read(
    trained_home: Home, extract: Path, given: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """--rescore reads the archived extract as its latest scores were read, except for settings given now."""
    nights = Nights(trained_home)
    (scored,) = nights.score(extract, value_maps=RIGHT).scored
    archive = nights.home.archive
    archive.mkdir()
    extract.rename(archive / f"{DAY}-{scored.name.split('-')[3]}.csv")
    assert trained_home.champion is not None
    caplog.set_level(logging.INFO)

    outcome = move_champion(
        secret=SECRET,
        home=nights.home,
        now=lambda: datetime(2026, 3, 4, tzinfo=UTC),
        bundle=trained_home.champion.manifest.bundle_id,
        force=True,
        rescore=ScoreConfig.model_validate({"ingest": given}),
    )

    assert "Flags changed: 0 of 60" in outcome
    assert f"reading the extract as before{said}\n" in caplog.text
