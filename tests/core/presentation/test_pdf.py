import re

from tasks.core.presentation.pdf import write_pdf
from tasks.core.presentation.slides import Deck


def test_a_page_a_slide(deck: Deck) -> None:
    """The pages are as many as the slides, in their shape, with their fonts in the file."""
    pdf = write_pdf(deck)

    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == len(deck.slides)
    assert set(re.findall(rb"/MediaBox \[ ?0 0 (\S+) (\S+) ?\]", pdf)) == {(b"959.976", b"540")}
    assert b"/FontFile2" in pdf
    assert len(pdf) < 3_000_000


def test_the_same_deck_gives_the_same_bytes(deck: Deck) -> None:
    """Nothing in the file depends on the clock."""
    assert write_pdf(deck) == write_pdf(deck)
