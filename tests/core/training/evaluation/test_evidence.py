import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from schemas.columns import FEATURES
from schemas.evidence import Evidence
from tasks.core.training.evaluation.evidence import GRID, collect_evidence
from tests.harness.customers import make_customers

CUSTOMERS = make_customers(500)
LABEL = (CUSTOMERS["Churn"] == "Yes").to_numpy()


def score(customers: pd.DataFrame) -> np.ndarray:
    """Score by tenure and contract alone."""
    monthly = (customers["Contract"] == "Month-to-month").to_numpy(float)
    return 1 / (1 + np.exp(0.05 * (customers["tenure"].to_numpy(float) - 20) - monthly))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Gather it once."""
    other = np.random.default_rng(1).random(len(CUSTOMERS))
    return collect_evidence(
        CUSTOMERS,
        LABEL,
        score,
        others={"chance": other},
        threshold=0.5,
        other_thresholds={"chance": 0.5},
        inputs=FEATURES,
        seed=0,
    )


def test_curves_are_scikit_learns(evidence: Evidence) -> None:
    """Both curves pass through scikit-learn's, and the candidate's lies within its band."""
    p = score(CUSTOMERS)
    fpr, tpr, _ = roc_curve(LABEL, p, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(LABEL, p)
    roc, pr = evidence.roc["candidate"], evidence.precision_recall["candidate"]
    assert roc.low is not None
    assert roc.high is not None

    np.testing.assert_allclose(roc.y, np.interp(GRID, fpr, tpr), atol=0.02)
    at = [precision[:-1][recall[:-1] >= r][-1] for r in (0.2, 0.5, 0.8)]
    assert [pr.y[round(100 * r)] for r in (0.2, 0.5, 0.8)] == pytest.approx(at, abs=1e-4)
    assert (np.array(roc.low) <= np.array(roc.high)).all()
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc_auc_score(LABEL, p), abs=0.01)


def test_deciles_find_everyone_once(evidence: Evidence) -> None:
    """Ten tenths hold every customer and every churner; the first leave most often."""
    assert sum(each.customers for each in evidence.deciles) == len(CUSTOMERS)
    assert evidence.deciles[-1].gain == 1
    assert evidence.deciles[0].lift > 1 > evidence.deciles[-1].lift


def test_small_groups_are_not_shown(evidence: Evidence) -> None:
    """Bars of fewer than ten customers are left out."""
    counts = [count for each in evidence.scores for count in (each.stayed, each.left)]

    assert None in counts
    assert all(count is None or count >= 10 for count in counts)


def test_only_what_the_model_uses_matters(evidence: Evidence) -> None:
    """Shuffling tenure or contract costs; shuffling what the score ignores costs nothing."""
    loss = {each.columns: each.loss.value for each in evidence.influence}

    assert [each.columns for each in evidence.influence][:2] == [("tenure", "TotalCharges"), ("Contract",)]
    assert loss["gender",] == 0
    assert loss["PaymentMethod",] == 0


def test_responses_follow_the_score(evidence: Evidence) -> None:
    """The mean probability falls with tenure, and is highest from month to month."""
    responses = {each.column: each for each in evidence.responses}
    tenure = responses["tenure"].probability
    contract = dict(zip(responses["Contract"].values, responses["Contract"].probability, strict=True))

    assert list(tenure) == sorted(tenure, reverse=True)
    assert contract["Month-to-month"] > contract["Two year"] == contract["One year"]


def test_moving_the_threshold(evidence: Evidence) -> None:
    """A higher threshold contacts fewer customers and finds fewer churners."""
    recall = [each.recall for each in evidence.thresholds]
    contacted = [each.contacted_share for each in evidence.thresholds]

    assert recall == sorted(recall, reverse=True)
    assert contacted == sorted(contacted, reverse=True)
