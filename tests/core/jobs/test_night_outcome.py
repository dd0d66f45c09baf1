from datetime import date
from pathlib import Path

from tasks.core.errors import BundleError, ExtractError, PublishError
from tasks.core.jobs.night_outcome import NightOutcome


def test_a_night_in_a_line() -> None:
    """Counts of zero are omitted."""
    nothing = NightOutcome(delivered=True)
    assert (nothing.summary, nothing.headline) == ("Extracts scored: 0, rejected: 0.", "nothing scored")
    outcome = NightOutcome(
        delivered=True,
        scored=[Path("a")],
        days={date(2026, 3, 1)},
        customers=7_043,
        flagged=1_869,
        repeated=[Path("b")],
        rejected=["c"],
        unscored=[BundleError("d")],
        arriving=2,
        stale="Old.",
        drifted="Odd.",
    )
    assert outcome.summary == (
        "Extracts scored: 1, rejected: 1, scored before: 1, not scored: 1, still arriving: 2."
        " Customers scored: 7,043, flagged: 1,869. Old. Odd."
    )
    assert outcome.headline == (
        "7,043 customers of 2026-03-01, 1,869 flagged;"
        " rejected: 1; scored before: 1; not scored: 1; still arriving: 2"
    )
    outcome.scored.append(Path("e"))
    assert outcome.headline.startswith("7,043 customers in 2 extracts, 1,869 flagged; rejected: 1;")


def test_the_text_of_a_bug_is_not_shown() -> None:
    """An error of ours is said as it is; of any other only the kind, since its text may hold a cell."""
    outcome = NightOutcome(
        delivered=True,
        rejected=["why"],
        unscored=[BundleError("no fit."), ValueError("0000-AAAAA")],
        unfiled=[PublishError("no right.")],
    )

    assert outcome.lines == [
        "- rejected: why",
        "- not scored, stays where it is: no fit.",
        "- not scored, stays where it is: an unexpected ValueError",
        "- not filed, stays where it is: no right.",
    ]


def test_what_a_night_ends_with() -> None:
    """Our own errors precede the sender's; without either there is no error."""
    ours, left = BundleError("ours"), PublishError("left")
    assert NightOutcome(delivered=True).error is None
    assert NightOutcome(delivered=True, rejected=["bad"], unscored=[ours], unfiled=[left]).error is ours
    assert NightOutcome(delivered=True, rejected=["bad"], unfiled=[left]).error is left

    by_inbox = NightOutcome(delivered=True, rejected=["bad", "worse"]).error
    by_hand = NightOutcome(delivered=False, rejected=["bad"]).error

    assert isinstance(by_inbox, ExtractError)
    assert isinstance(by_hand, ExtractError)
    assert str(by_inbox) == "Extracts scored: 0, rejected: 2. First: bad"
    assert str(by_hand) == "bad"
