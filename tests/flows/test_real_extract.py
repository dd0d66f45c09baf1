from pathlib import Path

import pytest

from schemas.config import TrainConfig
from tests.harness.home import Home


@pytest.mark.real
def test_the_default_makes_a_champion_of_the_real_extract(home: Home, real_extract: Path) -> None:
    """With no setting at all the gate lets the model in, well above its headline."""
    home.train(real_extract, TrainConfig())
    champion = home.champion
    assert champion is not None
    evaluation = champion.evaluation
    baseline = evaluation.baselines["logistic regression"]

    assert champion.manifest.extract.counts.accepted == 7_043
    assert evaluation.measures.roc_auc.value is not None
    assert evaluation.measures.roc_auc.value > 0.84
    assert evaluation.measures.f1.value is not None
    assert evaluation.measures.f1.value > 0.62
    assert baseline.difference.roc_auc.high is not None
    assert baseline.difference.roc_auc.high > 0
