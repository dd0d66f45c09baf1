"""Write the deck as a PDF: `deck.typ` places the text, Typst compiles it."""

import json
from pathlib import Path
from typing import Final

import matplotlib as mpl
import typst

from tasks.core.presentation.charts import svg
from tasks.core.presentation.slides import Deck

_TEMPLATE: Final = Path(__file__).with_name("deck.typ")


def write_pdf(deck: Deck) -> bytes:
    """Write one page per slide, accessible as PDF/UA-1 requires; the same deck gives the same bytes."""
    content = {
        "title": deck.title,
        "footer": deck.footer,
        "mark": deck.mark,
        "slides": [
            {
                "topic": slide.topic,
                "title": slide.title,
                "bullets": slide.bullets,
                "key_figures": [vars(each) for each in slide.key_figures],
                "picture": svg(slide.picture.figure),
                "width": slide.picture.figure.get_figwidth(),
                "alt": slide.picture.alt,
            }
            for slide in deck.slides
        ],
    }
    return typst.compile(
        _TEMPLATE,
        sys_inputs={"deck": json.dumps(content)},
        font_paths=[Path(mpl.get_data_path(), "fonts", "ttf")],  # the charts' own font
        ignore_system_fonts=True,
        pdf_standards="ua-1",
        timestamp=deck.created_at.replace(microsecond=0),
    )
