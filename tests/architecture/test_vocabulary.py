import pytest

from tests.vocabulary import LIST, ROOT, banned, hits


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("The disk is full. Mend it and run again.", ["a.md:1: 'Mend'"]),
        ("a recommendation, an amendment; if x is None", []),
        ("what became of it is told", ["a.md:1: 'what became of'", "a.md:1: 'is told'"]),
    ],
)
def test_a_banned_phrase_is_named_with_its_place(line: str, found: list[str]) -> None:
    """Whole words only; `is None` is Python."""
    assert list(hits(banned((ROOT / LIST).read_text()), "a.md", line)) == found
