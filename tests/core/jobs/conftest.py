"""A home with published scores, for tests of campaigns."""

from pathlib import Path

import pytest

from tests.harness.campaign_home import CampaignHome
from tests.harness.home import Home


@pytest.fixture(scope="session")
def _scored(tmp_path_factory: pytest.TempPathFactory, _trained: Home) -> Home:
    folder = tmp_path_factory.mktemp("scored")
    house = CampaignHome(_trained.copy_to(folder / "home"), folder / "lists")
    house.score()
    return house.home


@pytest.fixture
def house(_scored: Home, home: Home, tmp_path: Path) -> CampaignHome:
    """Make a home with scores of `CUSTOMERS`, of whom a few objected."""
    return CampaignHome(_scored.copy_to(home.path), tmp_path / "lists")
