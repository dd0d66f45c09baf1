from pathlib import Path

from tasks.core.errors import BundleError, PublishError
from tasks.core.night import Night


def test_a_night_in_a_line() -> None:
    """What did not happen is not said."""
    assert Night().summary == "Extracts scored: 0, rejected: 0."
    assert Night([Path("a")], [Path("b")], ["c"], [BundleError("d")], 2).summary == (
        "Extracts scored: 1, rejected: 1, scored before: 1, not scored: 1, still arriving: 2."
    )


def test_the_text_of_a_bug_is_not_shown() -> None:
    """An error of ours is said as it is; of any other only the kind, since its text may hold a cell."""
    night = Night(
        rejected=["why"],
        unscored=[BundleError("no fit."), ValueError("7590-VHVEG")],
        unfiled=[PublishError("no right.")],
    )

    assert night.lines == [
        "- rejected: why",
        "- not scored, stays where it is: no fit.",
        "- not scored, stays where it is: an unexpected ValueError",
        "- not filed, stays where it is: no right.",
    ]
