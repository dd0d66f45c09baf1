"""Write the slides as a PowerPoint file that can be edited: native text, pictures with alternative text."""

import io
from datetime import datetime
from typing import Final

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.shapes.autoshape import Shape
from pptx.slide import Slide as Page
from pptx.util import Inches, Pt

from tasks.core.training.presentation.deck import Deck
from tasks.core.training.presentation.layout import (
    HEIGHT,
    LEADING,
    PARAGRAPH,
    WIDTH,
    Box,
    Element,
    Fill,
    Image,
    Text,
    place,
)

FONT: Final = "Verdana"
"""As wide as the font that lines are measured in, and at hand wherever PowerPoint is."""

_TITLE_AND_CONTENT: Final = 1  # of the default template: its body has bullets


def write_powerpoint(deck: Deck, *, at: datetime) -> bytes:
    """Write a slide a slide, with what is said as its notes.

    Args:
        deck: The slides.
        at: The moment the document says it was made.
    """
    document = Presentation()
    document.slide_width, document.slide_height = Inches(WIDTH), Inches(HEIGHT)
    about = document.core_properties
    about.title, about.language = deck.title, "fr-FR"
    about.author = about.last_modified_by = "TelcoNova"  # the template names its own author
    about.created = about.modified = at
    for number, (slide, cue) in enumerate(deck.cues(), start=1):
        page = document.slides.add_slide(document.slide_layouts[_TITLE_AND_CONTENT])
        for element in place(deck, number):
            _add(page, element)
        page.notes_slide.notes_text_frame.text = f"{cue}\n\n{slide.notes}"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _add(page: Page, element: Element) -> None:
    match element:
        case Fill():
            shape = page.shapes.add_textbox(*_place(element))  # plain: no outline and no shadow
            shape.fill.solid()
            shape.fill.fore_color.rgb = _colour(element.color)
        case Image():
            picture = page.shapes.add_picture(io.BytesIO(element.png()), *_place(element))
            picture.element.xpath("./p:nvPicPr/p:cNvPr")[0].set("descr", element.alt)
        case Text():
            _write(_shape_for(page, element), element)


def _shape_for(page: Page, text: Text) -> Shape:
    """Give the page's own title or body, which outlines and screen readers know, or a new box."""
    if not (text.title or text.bullets):
        return page.shapes.add_textbox(*_place(text))
    shape: Shape = page.placeholders[0 if text.title else 1]
    shape.left, shape.top, shape.width, shape.height = _place(text)
    return shape


def _write(shape: Shape, text: Text) -> None:
    frame = shape.text_frame
    frame.word_wrap, frame.auto_size, frame.vertical_anchor = True, MSO_AUTO_SIZE.NONE, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for i, said in enumerate(text.paragraphs):
        paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.CENTER if text.centred else PP_ALIGN.LEFT
        paragraph.line_spacing = Pt(LEADING * text.size)
        paragraph.space_before, paragraph.space_after = Pt(0), Pt(PARAGRAPH * text.size)
        paragraph.text = "\v".join(text.lines[i]) if text.title else said  # a title's breaks are chosen
        for run in paragraph.runs:
            font = run.font
            font.name, font.size, font.bold = FONT, Pt(text.size), text.bold
            font.color.rgb, font.language_id = _colour(text.color), MSO_LANGUAGE_ID.FRENCH


def _place(box: Box) -> tuple[Inches, Inches, Inches, Inches]:
    return Inches(box.x), Inches(box.y), Inches(box.width), Inches(box.height)


def _colour(code: str) -> RGBColor:
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return RGBColor(red, green, blue)  # type: ignore[no-untyped-call]
