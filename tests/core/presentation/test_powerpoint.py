import io
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from matplotlib import get_data_path
from PIL import ImageFont
from pptx import Presentation
from pptx.shapes.placeholder import PlaceholderPicture

from tasks.core.presentation.powerpoint import write_powerpoint
from tasks.core.presentation.slides import Deck

EMU_PER_POINT = 12_700
LINE = 1.2
"""Height of a line in font sizes; Verdana's is 1.215 and DejaVu Sans's 1.164."""


@pytest.fixture(scope="module")
def document(deck: Deck) -> Any:
    """The file, read back."""
    return Presentation(io.BytesIO(write_powerpoint(deck)))


def test_slides_are_those_of_the_deck(deck: Deck, document: Any) -> None:
    """Titles, bullets and notes are native text, in order."""
    assert len(document.slides) == len(deck.slides) <= 10
    for page, slide in zip(document.slides, deck.slides, strict=True):
        assert page.shapes.title.text_frame.text == slide.title
        assert page.placeholders[1].text_frame.text.split("\n") == list(slide.bullets)
        assert page.notes_slide.notes_text_frame.text == slide.notes


def test_pictures_are_described_and_on_the_slide(deck: Deck, document: Any) -> None:
    """One picture a slide, with alternative text, inside the edges and not stretched."""
    for page, slide in zip(document.slides, deck.slides, strict=True):
        (picture,) = (shape for shape in page.shapes if isinstance(shape, PlaceholderPicture))
        assert picture.element.xpath("./p:nvPicPr/p:cNvPr")[0].get("descr") == slide.picture.alt
        assert (picture.crop_left, picture.crop_top) == pytest.approx((0, 0), abs=0.01)
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
    assert {font.size for font in fonts} == {None}  # sizes are the template's
    assert min(size for layout in document.slide_layouts for size in sizes(layout)) >= 11


def test_no_placeholder_is_left_empty(document: Any) -> None:
    """No "click to add text"."""
    for page in document.slides:
        texts = [shape.text_frame.text for shape in page.placeholders if shape.has_text_frame]
        assert all(text.strip() for text in texts)


def test_simulated_customers_are_marked_on_every_slide(simulated_deck: Deck) -> None:
    """Nobody who sees one slide alone can take the figures for real ones."""
    document = Presentation(io.BytesIO(write_powerpoint(simulated_deck)))

    for page in document.slides:
        texts = [shape.text_frame.text for shape in page.shapes if shape.has_text_frame]
        assert "CLIENTS SIMULÉS" in texts


def test_the_document_names_no_author_of_its_own(deck: Deck, document: Any) -> None:
    """The properties are the product's, at the bundle's moment."""
    about = document.core_properties

    assert (about.author, about.last_modified_by) == ("TelcoNova", "TelcoNova")
    assert about.created.replace(tzinfo=UTC) == deck.created_at.replace(microsecond=0)


def test_no_text_overflows(simulated_deck: Deck) -> None:
    """Every placeholder holds the lines of its text, measured in a font as wide as the template's."""
    document = Presentation(io.BytesIO(write_powerpoint(simulated_deck)))

    for page in document.slides:
        for shape in page.placeholders:
            if shape.has_text_frame:
                assert height(shape) <= shape.height / EMU_PER_POINT, shape.text_frame.text


def test_text_that_does_not_fit_is_caught(document: Any) -> None:
    """The check above is worth something: a third line does not fit the title."""
    title = document.slides[0].shapes.title

    title.text_frame.text = "Un titre bien trop long pour sa place " * 5
    assert height(title) > title.height / EMU_PER_POINT


def sizes(layout: Any) -> list[float]:
    """List the font sizes that a layout's placeholders set, in points."""
    found = layout.element.xpath(".//p:sp[.//p:ph]//a:defRPr/@sz")
    return [int(size) / 100 for size in found]


def height(shape: Any) -> float:
    """Measure the text of a placeholder in points, as its layout sets it."""
    page = shape.part.slide
    index = shape.placeholder_format.idx
    (based_on,) = (each for each in page.slide_layout.placeholders if each.placeholder_format.idx == index)
    insets = 2 * int(based_on.element.xpath(".//a:bodyPr/@lIns")[0])
    total = insets / EMU_PER_POINT
    for paragraph in shape.text_frame.paragraphs:
        style = paragraph_style(based_on, paragraph.level + 1)
        width = (shape.width - insets - int(style("@marL")[0])) / EMU_PER_POINT
        size, bold = int(style("a:defRPr/@sz")[0]) / 100, style("a:defRPr/@b") == ["1"]
        spaces = sum(map(int, style("a:spcBef/*/@val") + style("a:spcAft/*/@val"))) / 100
        total += LINE * size * lines(paragraph.text or "10 / 10", width, size, bold=bold) + spaces
    return total


def paragraph_style(placeholder: Any, level: int) -> Callable[[str], list[str]]:
    """Look up what a layout's placeholder says of the paragraphs of a level."""
    return lambda path: placeholder.element.xpath(f".//a:lstStyle/a:lvl{level}pPr/{path}")


def lines(text: str, width: float, size: float, *, bold: bool) -> int:
    """Count the lines of a paragraph that breaks at plain spaces."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", name), 100)
    count, line = 1, ""
    for word in text.split(" "):
        longer = f"{line} {word}".strip(" ")
        if font.getlength(longer) * size / 100 > width:
            count, line = count + 1, word
        else:
            line = longer
    return count
