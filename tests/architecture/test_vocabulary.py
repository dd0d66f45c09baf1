import pytest

from tests.vocabulary import LIST, ROOT, banned, hits

PHRASES = "# a comment\nas is\nutilise\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Utilise it as is.", ["a.md:1: 'Utilise'", "a.md:1: 'as is'"]),
        ("reutilised, as isolated; x as Is", []),
        ("a comment", []),
        ("kept\nas\n  is, or # as", ["a.md:2: 'as is'"]),
    ],
)
def test_a_banned_phrase_is_named_with_its_place(line: str, found: list[str]) -> None:
    """Whole words only, in lower case or capitalised; comments of the list are no phrases."""
    assert list(hits(banned(PHRASES), "a.md", line)) == found


def test_every_phrase_of_the_list_is_found() -> None:
    """Every phrase of the list is found by the check."""
    pattern = banned((ROOT / LIST).read_text())
    phrases = [line for line in (ROOT / LIST).read_text().splitlines() if line and not line.startswith("#")]

    assert len(phrases) > 10
    assert all(list(hits(pattern, "a.md", f"x {phrase} y")) for phrase in phrases)
