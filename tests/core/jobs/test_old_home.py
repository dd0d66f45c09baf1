import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import IngestConfig, Locations, ScoreConfig
from schemas.operations import AlarmPolicy, RetentionPolicy
from schemas.scoring_inputs import ScoringInputs
from tasks.core.bundle.registry import open_champion, read_champion, read_history
from tasks.core.jobs.move_champion import move_champion
from tasks.core.jobs.score_night import score_night
from tasks.core.operations.expiry import find_expired
from tasks.core.operations.status import collect_status
from tasks.core.operations.sweep import sweep
from tasks.core.scores.folders import read_manifest
from tasks.core.scores.latest import read_latest
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.pages import page

FIXTURE = Path(__file__).parents[2] / "fixtures" / "home_2026-11.tar.gz"
"""Left by the version before, commit d70a3e9.

`simulate.py --rows 1500 --seed 5`; two trainings on it of two small networks (`fit.seed` 0 and 1), the second
promoted by force; a night of `simulate.py --rows 200 --seed 7 --bad-rows 0.02 --unlabelled`.
"""
FIRST, SECOND = "77bce96e71a512b1", "2448206af41010de"
NIGHT = f"2026-03-02-d4cac4f48aef2e4a-{SECOND}"
NEW_NIGHT = f"{NIGHT}-{ScoringInputs.of(IngestConfig()).inputs_id}"
NOW = datetime(2026, 12, 1, 4, tzinfo=UTC)
CONFIG = ScoreConfig(settle_seconds=0)


@pytest.fixture
def old(tmp_path: Path) -> Locations:
    """Unpack the home."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path / "home", filter="data")
    return Locations(home=tmp_path / "home")


def test_it_opens_and_its_extract_is_scored_once_more(old: Locations) -> None:
    """Old scores do not say how their extract was read: when it is delivered again, new ones join them."""
    champion = open_champion(old.registry)
    assert champion is not None
    assert champion.manifest.bundle_id == SECOND
    assert (champion.manifest.horizon, champion.evaluation.horizon) == (None, None)
    (archived,) = old.archive.glob("*.csv")
    content = archived.read_bytes()

    nights = []
    for _ in range(2):
        (old.inbox / "crm_2026-03-05.csv").write_bytes(content)
        nights.append(score_night(secret=SECRET, home=old, config=CONFIG, now=lambda: NOW))

    assert [folder.name for folder in nights[0].scored] == [NEW_NIGHT]
    assert [folder.name for folder in nights[1].repeated] == [NEW_NIGHT]
    assert (old.scores / NIGHT).is_dir()
    for folder in (NIGHT, NEW_NIGHT):
        manifest = read_manifest(old.scores / folder)
        assert manifest is not None
        assert manifest.horizon is None
    latest = read_latest(old.scores)
    assert latest is not None
    assert latest.folder == NEW_NIGHT


def test_it_scores_to_the_same_bytes(old: Locations, tmp_path: Path) -> None:
    """Without its old folder the night is published again, byte for byte."""
    (old.scores / NIGHT).rename(tmp_path / "before")
    (archived,) = old.archive.glob("*.csv")

    outcome = score_night(
        secret=SECRET, home=old, config=CONFIG, now=lambda: NOW, extract=archived, as_of=date(2026, 3, 2)
    )

    (folder,) = outcome.scored
    assert folder.name == NEW_NIGHT
    assert (folder / "scores.csv").read_bytes() == (tmp_path / "before" / "scores.csv").read_bytes()
    before, after = (
        pd.read_csv(place / "quarantine.csv").drop(columns="hint") for place in (tmp_path / "before", folder)
    )
    assert before.equals(after)


def test_it_scores_new_extracts_and_rolls_back(old: Locations) -> None:
    """A new extract is scored by the old champion; the pointer's history continues."""
    make_customers(60, seed=3).to_csv(old.inbox / "crm_2026-03-03.csv", index=False)

    outcome = score_night(secret=SECRET, home=old, config=CONFIG, now=lambda: NOW, force=True)
    moved = move_champion(secret=SECRET, home=old, now=lambda: NOW)

    assert len(outcome.scored) == 1
    assert f"In service: {FIRST}" in moved
    pointer = read_champion(old.registry)
    assert pointer is not None
    assert pointer.model_id is not None
    assert [move.model_id is None for move in read_history(old.registry)] == [True, True, False]


def test_its_status_says_that_no_horizon_is_declared(old: Locations) -> None:
    """The champion was sealed before there were horizons."""
    status = collect_status(old, AlarmPolicy(), NOW)

    assert status.champion is not None
    assert status.champion.bundle_id == SECOND
    assert status.champion.horizon is None
    assert "  horizon: not declared" in page(status)


def test_it_is_swept(old: Locations) -> None:
    """Expired data is deleted; the latest scores and the bundles stay."""
    due = find_expired(old, RetentionPolicy(), SECOND, datetime(2030, 1, 1, tzinfo=UTC))

    swept, left = sweep(old, due, NOW)

    assert not left
    assert {each.kind: each.deleted for each in swept}["archive"] == 1
    assert (old.scores / NIGHT).is_dir()
    assert open_champion(old.registry) is not None
