import re
from dataclasses import replace

import pytest

from tasks.core.presentation.pdf import write_pdf
from tasks.core.presentation.slides import Deck


@pytest.fixture(scope="module")
def pdf(simulated_deck: Deck) -> bytes:
    """The deck with the most on its slides: those of simulated customers have a mark."""
    return write_pdf(simulated_deck)


def test_a_page_a_slide(simulated_deck: Deck, deck: Deck, pdf: bytes) -> None:
    """No text overflows: what does not fit a slide would make another page."""
    assert pdf.startswith(b"%PDF")
    assert pages(pdf) == len(simulated_deck.slides)
    assert pages(write_pdf(deck)) == len(deck.slides)


def test_text_that_does_not_fit_makes_another_page(deck: Deck) -> None:
    """The check above is worth something."""
    first = deck.slides[0]
    longer = replace(deck, slides=(replace(first, bullets=first.bullets * 3), *deck.slides[1:]))

    assert pages(write_pdf(longer)) > len(deck.slides)


def test_the_file_is_small_and_shaped_like_a_screen(pdf: bytes) -> None:
    """Every page has the slide's size, the fonts are in the file, and charts are not pixels."""
    assert set(re.findall(rb"/MediaBox\s*\[0 0 (\d+)[.\d]* (\d+)\]", pdf)) == {(b"959", b"540")}
    assert b"/FontFile" in pdf
    assert b"/Subtype/Image" not in pdf.replace(b" ", b"")
    assert len(pdf) < 1_000_000


def test_the_document_is_described(simulated_deck: Deck, pdf: bytes) -> None:
    """Readers and screen readers get language, title and date, and the text as characters."""
    metadata = pdf.decode("utf-8", errors="replace")

    assert re.search(rb"/Lang\s*\(fr-FR\)", pdf)
    assert simulated_deck.title in metadata
    assert f"{simulated_deck.created_at:%Y-%m-%dT%H:%M:%S}" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert b"/ToUnicode" in pdf


def test_the_same_deck_gives_the_same_bytes(simulated_deck: Deck, pdf: bytes) -> None:
    """Nothing in the file depends on the clock."""
    assert write_pdf(simulated_deck) == pdf


def pages(pdf: bytes) -> int:
    """Count the pages of a document."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
