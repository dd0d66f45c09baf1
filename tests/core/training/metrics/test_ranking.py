import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tasks.core.training.metrics.ranking import Ranking


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), min_size=2, max_size=40).filter(
        lambda rows: len({y for _, y, w in rows if w > 0}) == 2
    )
)
def test_weighted_areas_are_scikit_learns(rows: list[tuple[int, bool, int]]) -> None:
    """With any ties and any whole weights, zero among them, both areas agree with scikit-learn."""
    score = np.array([s for s, _, _ in rows]) / 5
    label = np.array([y for _, y, _ in rows])
    weight = np.array([w for _, _, w in rows], dtype=np.float64)
    ranking = Ranking.of(score, label, np.stack([weight, weight * 3]))
    roc_auc = roc_auc_score(label, score, sample_weight=weight)
    pr_auc = average_precision_score(label, score, sample_weight=weight)

    assert ranking.roc_auc() == pytest.approx([roc_auc, roc_auc])
    assert ranking.pr_auc() == pytest.approx([pr_auc, pr_auc])


def test_not_defined_is_nan() -> None:
    """Without a churner, or without one who stayed, there is nothing to rank."""
    label = np.array([True, False])
    ranking = Ranking.of(np.array([0.2, 0.1]), label, np.array([[1.0, 0.0], [0.0, 1.0]]))

    assert np.isnan(ranking.roc_auc()).all()
    assert np.isnan(ranking.pr_auc()).tolist() == [False, True]
    assert np.isnan(ranking.top_decile_lift()).tolist() == [False, True]
