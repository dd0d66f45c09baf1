"""Write the deck as a PowerPoint file: fill the placeholders in `template.pptx`, which defines the style."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pptx import Presentation
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls

from tasks.core.presentation import charts
from tasks.core.presentation.slides import Deck, Slide

TITLE, BULLETS, TOPIC, FOOTER, NUMBER, PICTURE, MARK = 0, 1, 10, 11, 12, 13, 14
KEY_FIGURES: Final = (20, 21, 22)
"""Indexes of the placeholders in the template."""

_TEMPLATE: Final = Path(__file__).with_name("template.pptx")


def write_powerpoint(deck: Deck) -> bytes:
    """Write an editable document with speaker notes, dated when the bundle was made."""
    document = Presentation(str(_TEMPLATE))
    about = document.core_properties
    about.title, about.language = deck.title, "fr-FR"
    about.author = about.last_modified_by = "TelcoNova"
    about.created = about.modified = deck.created_at
    for slide in deck.slides:
        page = document.slides.add_slide(document.slide_layouts.get_by_name(_layout(slide)))
        _fill(page, deck, slide)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _layout(slide: Slide) -> str:
    """Name the layout that fits the slide's chart and number of key figures."""
    if slide.picture.figure.get_figwidth() == charts.ABOVE[0]:
        return "Picture above"
    return f"Picture beside, {len(slide.key_figures)} key figures"


def _fill(page: Any, deck: Deck, slide: Slide) -> None:
    for placeholder in page.slide_layout.placeholders:
        if placeholder.placeholder_format.idx in {FOOTER, NUMBER}:  # python-pptx leaves these out
            page.shapes.clone_placeholder(placeholder)
    shapes = {shape.placeholder_format.idx: shape for shape in page.placeholders}
    _write(shapes[TITLE], [slide.title])
    _write(shapes[BULLETS], slide.bullets)
    _write(shapes[TOPIC], [slide.topic])
    _write(shapes[FOOTER], [deck.footer])
    _number(shapes[NUMBER], len(deck.slides))
    for index, shown in zip(KEY_FIGURES, slide.key_figures, strict=False):
        _write(shapes[index], [shown.value, shown.caption])
        shapes[index].text_frame.paragraphs[1].level = 1
    picture = shapes[PICTURE].insert_picture(io.BytesIO(charts.png(slide.picture.figure)))
    picture.element.nvPicPr.cNvPr.set("descr", slide.picture.alt)
    if deck.mark:
        _write(shapes[MARK], [deck.mark])
    else:
        shapes[MARK].element.getparent().remove(shapes[MARK].element)
    page.notes_slide.notes_text_frame.text = slide.notes


def _write(shape: Any, paragraphs: Sequence[str]) -> None:
    """Write paragraphs as French text."""
    shape.text_frame.text = "\n".join(paragraphs)
    for paragraph in shape.text_frame.paragraphs:
        for run in paragraph.runs:
            run.font.language_id = MSO_LANGUAGE_ID.FRENCH


def _number(shape: Any, slides: int) -> None:
    """Write the slide's number as a field, which updates when slides are moved, and the total number."""
    _write(shape, [f" / {slides}"])
    field = parse_xml(
        f'<a:fld {nsdecls("a")} id="{{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}}" type="slidenum">'
        f'<a:rPr lang="fr-FR"/><a:t>‹#›</a:t></a:fld>'
    )
    shape.text_frame.paragraphs[0].runs[0]._r.addprevious(field)  # noqa: SLF001 python-pptx has no fields
