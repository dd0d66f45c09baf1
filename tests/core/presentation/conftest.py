"""A deck of the small champion that the tests train."""

import pytest

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.presentation.slides import Deck, make_deck
from tests.harness.home import Home


@pytest.fixture(scope="session")
def champion(_trained: Home) -> Bundle:
    """The champion in service."""
    bundle = _trained.champion
    assert bundle is not None
    return bundle


@pytest.fixture(scope="session")
def deck(champion: Bundle) -> Deck:
    """Its slides."""
    return make_deck(champion.evaluation, champion.manifest, in_service=True)


@pytest.fixture(scope="session")
def simulated_deck(champion: Bundle) -> Deck:
    """The slides of the same bundle, as if it was trained on simulated customers."""
    evaluation = champion.evaluation.model_copy(update={"simulated": True})
    return make_deck(evaluation, champion.manifest, in_service=False)
