from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.operations import AlarmPolicy
from tasks.core.scores.drift import find_drift
from tasks.core.scores.latest import swap_latest
from tests.harness.deliveries import BUNDLE, publish_scores

DAY = date(2026, 3, 2)
NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)
POLICY = AlarmPolicy(max_out_of_domain_share=0.2, max_flagged_change=0.2)
A, B, C = "1" * 16, "2" * 16, "3" * 16


def publish(scores: Path, day: date, extract: str, at: datetime, *, percent: int = 30, **facts: Any) -> None:
    """Publish scores of ten thousand customers, `percent` per cent of whom are flagged."""
    facts = {"scored": 10_000, "flagged": percent * 100} | facts
    publish_scores(scores, day, extract, at, **facts)


def found(scores: Path) -> str | None:
    """Return the drift of the latest scores."""
    swap_latest(scores, BUNDLE)
    return find_drift(scores, POLICY)


def test_nothing_published_has_not_drifted(tmp_path: Path) -> None:
    """Without scores there is nothing to compare."""
    assert found(tmp_path) is None


@pytest.mark.parametrize(("strangers", "drifts"), [(0, False), (2_000, False), (2_001, True)])
def test_customers_unlike_those_learnt_from(strangers: int, drifts: bool, tmp_path: Path) -> None:
    """More customers out of the domain than the policy allows are drift; as many are not."""
    publish(tmp_path, DAY, A, NIGHT, out_of_domain=strangers)

    said = found(tmp_path)
    assert (said is not None) is drifts
    assert said is None or "20.0% of customers scored for 2026-03-02 are outside" in said


@pytest.mark.parametrize(
    ("percent", "drifts"), [(30, False), (50, False), (10, False), (51, True), (9, True)]
)
def test_a_change_of_the_flagged_share(percent: int, drifts: bool, tmp_path: Path) -> None:
    """The share of flagged customers is compared with an earlier day's, up and down."""
    publish(tmp_path, DAY - timedelta(days=3), A, NIGHT)
    publish(tmp_path, DAY, B, NIGHT, percent=percent)

    said = found(tmp_path)
    assert (said is not None) is drifts
    assert said is None or "compared with 30.0% for 2026-02-27" in said


def test_only_the_same_bundle_and_uncorrected_days_are_compared(tmp_path: Path) -> None:
    """Another bundle flags as it does, and what was corrected is no measure; nor is an empty extract."""
    publish(tmp_path, DAY - timedelta(days=1), A, NIGHT, percent=90, bundle="f" * 16)
    publish(tmp_path, DAY, B, NIGHT, percent=0)
    assert found(tmp_path) is None

    publish(tmp_path, DAY + timedelta(days=1), A, NIGHT, percent=90)
    publish(tmp_path, DAY + timedelta(days=1), C, NIGHT + timedelta(hours=1), percent=10)
    publish(tmp_path, DAY + timedelta(days=2), B, NIGHT, percent=20)
    assert found(tmp_path) is None

    publish(tmp_path, DAY + timedelta(days=3), A, NIGHT, scored=0, flagged=0)
    assert found(tmp_path) is None


def test_a_share_of_few_customers_is_no_drift(tmp_path: Path) -> None:
    """A corrected day of a few customers is not checked for drift, nor compared with a whole day."""
    publish(tmp_path, DAY - timedelta(days=1), A, NIGHT)
    publish(tmp_path, DAY, B, NIGHT, scored=99, flagged=99, out_of_domain=99)
    assert found(tmp_path) is None

    publish(tmp_path, DAY + timedelta(days=1), C, NIGHT, scored=100, flagged=100)
    assert "100.0% of customers scored" in str(found(tmp_path))
