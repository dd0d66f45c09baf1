from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.operations import AlarmPolicy
from tasks.core.drift import find_drift
from tasks.core.latest import point_to_latest
from tests.harness.deliveries import BUNDLE, publish_scores

DAY = date(2026, 3, 2)
NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)
POLICY = AlarmPolicy(max_out_of_domain_share=0.2, max_flagged_change=0.2)
A, B, C = "1" * 16, "2" * 16, "3" * 16


def found(scores: Path) -> str | None:
    """Look for drift in the latest scores."""
    point_to_latest(scores, BUNDLE)
    return find_drift(scores, POLICY)


def test_nothing_published_has_not_drifted(tmp_path: Path) -> None:
    """Without scores there is nothing to compare."""
    assert found(tmp_path) is None


@pytest.mark.parametrize(("strangers", "drifts"), [(0, False), (2, False), (3, True)])
def test_customers_unlike_those_learnt_from(strangers: int, drifts: bool, tmp_path: Path) -> None:
    """More customers out of the domain than the policy allows are drift; as many are not."""
    publish_scores(tmp_path, DAY, A, NIGHT, out_of_domain=strangers)

    said = found(tmp_path)
    assert (said is not None) is drifts
    assert said is None or "30.0% of the customers of 2026-03-02 are unlike" in said


@pytest.mark.parametrize(("flagged", "drifts"), [(3, False), (5, False), (1, False), (6, True), (0, True)])
def test_a_change_of_the_flagged_share(flagged: int, drifts: bool, tmp_path: Path) -> None:
    """The share of flagged customers is compared with an earlier day's, up and down."""
    publish_scores(tmp_path, DAY - timedelta(days=3), A, NIGHT)
    publish_scores(tmp_path, DAY, B, NIGHT, flagged=flagged)

    said = found(tmp_path)
    assert (said is not None) is drifts
    assert said is None or "30.0% were on 2026-02-27" in said


def test_only_the_same_bundle_and_uncorrected_days_are_compared(tmp_path: Path) -> None:
    """Another bundle flags as it does, and what was corrected is no measure; nor is an empty extract."""
    publish_scores(tmp_path, DAY - timedelta(days=1), A, NIGHT, flagged=9, bundle="f" * 16)
    publish_scores(tmp_path, DAY, B, NIGHT, flagged=0)
    assert found(tmp_path) is None

    publish_scores(tmp_path, DAY + timedelta(days=1), A, NIGHT, flagged=9)
    publish_scores(tmp_path, DAY + timedelta(days=1), C, NIGHT + timedelta(hours=1), flagged=1)
    publish_scores(tmp_path, DAY + timedelta(days=2), B, NIGHT, flagged=2)
    assert found(tmp_path) is None

    publish_scores(tmp_path, DAY + timedelta(days=3), A, NIGHT, scored=0, flagged=0)
    assert found(tmp_path) is None
