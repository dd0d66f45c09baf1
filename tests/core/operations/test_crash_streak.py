import pytest

from tasks.core.operations.crash_streak import crashes_in_a_row


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], 0),
        (["COMPLETED", "CRASHED"], 0),
        (["CRASHED"], 1),
        (["CRASHED", "CRASHED", "FAILED", "CRASHED"], 2),
        (["CRASHED", "CANCELLED", "CRASHED"], 1),
    ],
)
def test_only_the_latest_crashes_count(ends: list[str], expected: int) -> None:
    """Crashes are counted back to the last run that ended in any other way."""
    assert crashes_in_a_row(ends) == expected
