import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pptx import Presentation

from tasks.core.presentation.powerpoint import write_powerpoint
from tasks.core.presentation.slides import Deck

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def document(deck: Deck) -> Any:
    """The file, read back."""
    return Presentation(io.BytesIO(write_powerpoint(deck, at=AT)))


def test_slides_are_those_of_the_deck(deck: Deck, document: Any) -> None:
    """Titles, bullets and notes are native text, in order; who speaks stands before what is said."""
    assert len(document.slides) == len(deck.slides) <= 10
    for page, (slide, cue) in zip(document.slides, deck.cues(), strict=True):
        assert page.shapes.title.text_frame.text.replace("\v", " ") == slide.title
        assert page.placeholders[1].text_frame.text.split("\n") == list(slide.bullets)
        assert page.notes_slide.notes_text_frame.text == f"{cue}\n\n{slide.notes}"


def test_pictures_are_described_and_on_the_slide(deck: Deck, document: Any) -> None:
    """One picture a slide, with alternative text, inside the edges and not stretched."""
    for page, slide in zip(document.slides, deck.slides, strict=True):
        (picture,) = (shape for shape in page.shapes if shape.shape_type == 13)
        assert picture.element.xpath("./p:nvPicPr/p:cNvPr")[0].get("descr") == slide.picture.alt
        assert picture.left >= 0
        assert picture.top >= 0
        assert picture.left + picture.width <= document.slide_width
        assert picture.top + picture.height <= document.slide_height
        wide, high = picture.image.size
        assert picture.width / picture.height == pytest.approx(wide / high, rel=0.01)


def test_text_is_french_and_legible(document: Any) -> None:
    """Spelling is checked in French, and nothing is smaller than 11 points."""
    fonts = [
        run.font
        for page in document.slides
        for shape in page.shapes
        if shape.has_text_frame
        for paragraph in shape.text_frame.paragraphs
        for run in paragraph.runs
    ]

    assert len(fonts) > 80
    assert {font.language_id.name for font in fonts} == {"FRENCH"}
    assert min(font.size.pt for font in fonts) >= 11


def test_no_placeholder_is_left_empty(document: Any) -> None:
    """No "click to add text"."""
    for page in document.slides:
        assert all(shape.text_frame.text.strip() for shape in page.placeholders)


def test_simulated_customers_are_marked_on_every_slide(simulated_deck: Deck) -> None:
    """Nobody who sees one slide alone can take the figures for real ones."""
    document = Presentation(io.BytesIO(write_powerpoint(simulated_deck, at=AT)))

    for page in document.slides:
        texts = [shape.text_frame.text for shape in page.shapes if shape.has_text_frame]
        assert "CLIENTS SIMULÉS" in texts


def test_the_document_names_no_author_of_its_own(document: Any) -> None:
    """The properties are the product's, at the bundle's moment."""
    about = document.core_properties

    assert (about.author, about.last_modified_by) == ("TelcoNova", "TelcoNova")
    assert about.created.replace(tzinfo=UTC) == AT
