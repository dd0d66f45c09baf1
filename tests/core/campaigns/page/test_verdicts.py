import pytest

from schemas.campaign_files import GroupShare
from tasks.core.campaigns.page.verdicts import group_verdict
from tests.harness.campaigns import share_of


@pytest.mark.parametrize(
    ("everybody", "contacts", "verdict"),
    [
        ((1_000, 2_000), (250, 500), "none"),
        ((1_000, 2_000), (275, 500), "none"),
        ((1_000, 2_000), (300, 500), "more"),
        ((1_000, 2_000), (200, 500), "less"),
        ((1_000, 2_000), (0, 500), "absent"),
        ((2, 2_000), (0, 500), "none"),
        ((1_000, 2_000), (9, 9), "few"),
        ((1_000, 2_000), (10, 10), "more"),
        ((1_000, 2_000), (0, 0), "few"),
        ((0, 0), (0, 0), "few"),
    ],
)
def test_a_group_is_judged_by_intervals(
    everybody: tuple[int, int], contacts: tuple[int, int], verdict: str
) -> None:
    """A difference is visible where the intervals do not overlap; a short list has no verdict."""
    group = GroupShare(
        column="gender",
        value="Male",
        everybody=share_of(*everybody),
        eligible=share_of(0, 0),
        contacts=share_of(*contacts),
    )

    assert group_verdict(group) == verdict
