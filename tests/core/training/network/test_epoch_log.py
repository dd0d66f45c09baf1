import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, recall_score, roc_auc_score

from tasks.core.training.network.epoch_log import judge_epoch


def test_both_parts_are_judged_at_the_validation_threshold() -> None:
    """Metrics are scikit-learn's; the threshold is the best of validation, also for training."""
    train = np.array([2.0, 0.9, -1.0, -2.0], dtype=np.float32), np.array([True, False, True, False])
    validation = np.array([1.5, 0.5, -0.5], dtype=np.float32), np.array([True, False, False])
    log = judge_epoch(train, validation, epoch=3, losses=(0.5, 0.6), learning_rate=1e-3, is_best=True)

    for part, (logits, label) in ((log.train, train), (log.validation, validation)):
        flag = logits >= 0.944  # its probability is halfway between those of 1.5 and 0.5
        assert part.roc_auc == pytest.approx(roc_auc_score(label, logits))
        assert part.pr_auc == pytest.approx(average_precision_score(label, logits))
        assert part.f1 == pytest.approx(f1_score(label, flag))
        assert part.recall == pytest.approx(recall_score(label, flag))
    assert (log.epoch, log.train.loss, log.validation.loss, log.is_best) == (3, 0.5, 0.6, True)
