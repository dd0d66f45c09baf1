import numpy as np
import pytest

from schemas.columns import FEATURES, PROTECTED
from schemas.evidence import Reasons
from tasks.core.bundle.onnx_model import Model
from tests.harness.home import Home


@pytest.fixture
def reasons(trained_home: Home) -> Reasons:
    """Read what the champion's evaluation says of reasons."""
    assert trained_home.champion is not None
    return trained_home.champion.evaluation.reasons


def test_every_column_is_weighed_once(reasons: Reasons) -> None:
    """The most influential column comes first, and none is left out, including protected ones."""
    means = [each.mean_contribution for each in reasons.columns]

    assert means == sorted(means, reverse=True)
    assert means[0] > 0
    assert sorted(each.column for each in reasons.columns) == sorted(FEATURES)


def test_worked_examples_are_the_bundles_own(trained_home: Home, reasons: Reasons) -> None:
    """Three made-up customers, with the numbers of examples.json, largest contribution first."""
    champion = trained_home.champion
    assert champion is not None
    own = {str(each.row): each for each in champion.examples.examples}

    assert len(reasons.examples) == 3
    for shown in reasons.examples:
        example = own[str(shown.row)]
        assert (shown.probability, shown.reasons) == (example.probability, example.reasons)
        assert shown.contributions == dict(zip(champion.examples.columns, example.contributions, strict=True))
        assert [*shown.contributions.values()] == sorted(example.contributions, reverse=True)
        assert not {*shown.reasons} & {*PROTECTED}


def test_contributions_lead_from_the_reference_to_the_customer(trained_home: Home, reasons: Reasons) -> None:
    """The reference customer's logit plus the contributions is the customer's logit."""
    champion = trained_home.champion
    assert champion is not None

    def logit(p: float) -> float:
        return float(np.log(p / (1 - p)))

    for shown in reasons.examples:
        total = logit(reasons.reference_probability) + sum(shown.contributions.values())
        assert total == pytest.approx(logit(shown.probability), abs=1e-4)
    average = np.array([champion.spec.reference], dtype=np.float32)
    assert Model(champion.onnx).probability(average)[0] == np.float32(reasons.reference_probability)
