import pytest

from schemas.horizon import Horizon
from tasks.core.horizon import are_comparable, horizon_text, is_newly_declared

ASSUMED = Horizon(days=30, source="assumed")
MONTH = Horizon(days=30, source="declared")
SEASON = Horizon(days=90, source="declared")


@pytest.mark.parametrize(
    ("horizon", "text"),
    [
        (ASSUMED, "30 days (assumed)"),
        (SEASON, "90 days (declared)"),
        (Horizon(days=1, source="declared"), "1 day (declared)"),
        (None, "not declared"),
    ],
)
def test_a_horizon_has_one_wording(horizon: Horizon | None, text: str) -> None:
    """It always says where the number of days comes from."""
    assert horizon_text(horizon) == text


@pytest.mark.parametrize(
    ("first", "second", "comparable"),
    [
        (MONTH, SEASON, False),
        (MONTH, MONTH, True),
        (ASSUMED, SEASON, True),
        (None, SEASON, True),
        (None, None, True),
    ],
)
def test_only_two_declarations_can_rule_a_comparison_out(
    first: Horizon | None, second: Horizon | None, comparable: bool
) -> None:
    """An assumption may be wrong, so it forbids nothing; the order does not matter."""
    assert are_comparable(first, second) is comparable
    assert are_comparable(second, first) is comparable


@pytest.mark.parametrize(
    ("candidate", "champion", "expected"),
    [
        (MONTH, None, True),
        (MONTH, ASSUMED, True),
        (MONTH, SEASON, True),
        (MONTH, MONTH, False),
        (ASSUMED, MONTH, False),
        (ASSUMED, None, False),
        (None, MONTH, False),
    ],
)
def test_a_declaration_is_news_unless_the_champion_has_it(
    candidate: Horizon | None, champion: Horizon | None, expected: bool
) -> None:
    """Declaring the assumed number of days is news, too; assuming it is not."""
    assert is_newly_declared(candidate, champion) is expected
