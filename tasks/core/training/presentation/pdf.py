"""Write the slides as a PDF, page by page as they are placed."""

import io
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from tasks.core.training.presentation.deck import Deck
from tasks.core.training.presentation.layout import (
    HEIGHT,
    INDENT,
    LEADING,
    MEASURED,
    PARAGRAPH,
    WIDTH,
    Element,
    Fill,
    Image,
    Text,
    measure,
    place,
)

_STYLE: Final[Any] = {"pdf.fonttype": 42, "font.family": MEASURED}
_ASCENT: Final = 0.95
"""From the top of a line to its baseline, in font sizes."""


def write_pdf(deck: Deck) -> bytes:
    """Draw a page a slide; the same deck gives the same bytes."""
    buffer = io.BytesIO()
    facts = {"Title": deck.title, "CreationDate": None}
    with mpl.rc_context(_STYLE), PdfPages(buffer, metadata=facts) as pages:
        for number in range(1, len(deck.slides) + 1):
            page = Figure(figsize=(WIDTH, HEIGHT))
            for element in place(deck, number):
                _draw(page, element)
            pages.savefig(page)
    return buffer.getvalue()


def _draw(page: Figure, element: Element) -> None:
    match element:
        case Fill():
            corner = (element.x / WIDTH, 1 - (element.y + element.height) / HEIGHT)
            size = (element.width / WIDTH, element.height / HEIGHT)
            page.add_artist(Rectangle(corner, *size, color=element.color, linewidth=0))
        case Image():
            left, bottom = element.x / WIDTH, 1 - (element.y + element.height) / HEIGHT
            axes = page.add_axes((left, bottom, element.width / WIDTH, element.height / HEIGHT))
            axes.imshow(imread(io.BytesIO(element.png())), aspect="auto", interpolation="none")
            axes.axis("off")
        case Text():
            _write(page, element)


def _write(page: Figure, text: Text) -> None:
    style: dict[str, Any] = {
        "size": text.size,
        "color": text.color,
        "weight": "bold" if text.bold else "normal",
    }
    unit = text.size / 72
    y = text.y + _ASCENT * unit
    for paragraph in text.lines:
        if text.bullets:
            page.text(text.x / WIDTH, 1 - y / HEIGHT, "•", **style)
        for line in paragraph:
            x = text.x + (INDENT if text.bullets else 0)
            if text.centred:
                x = text.x + (text.width - measure(line, text.size, bold=text.bold)) / 2
            page.text(x / WIDTH, 1 - y / HEIGHT, line, **style)
            y += LEADING * unit
        y += PARAGRAPH * unit
