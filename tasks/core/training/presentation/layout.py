"""Place a slide's parts on a page of 13.33 by 7.5 inches, once for every format it is written in."""

import io
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from tasks.core.training.presentation.deck import Deck, KeyFigure, Slide
from tasks.core.training.presentation.figures import INK, PALE
from tasks.core.training.report.plots import BLUE

WIDTH: Final = 13.333
HEIGHT: Final = 7.5
MEASURED: Final = "DejaVu Sans"
"""The font that lines are measured in and the PDF is set in; matplotlib ships it."""
LEADING: Final = 1.25
"""Distance of two lines, in font sizes."""
PARAGRAPH: Final = 0.55
"""Space after a paragraph, in font sizes."""
INDENT: Final = 0.375
"""Inches before a bullet's text. Source: master of PowerPoint's default template."""

_SOFT: Final = "#52606D"
_AMBER: Final = "#E69F00"
_LEFT: Final = 0.65
_RIGHT: Final = WIDTH - 0.6
_BODY: Final = 2.0
_END: Final = 6.85
_SIZES: Final = (20, 19, 18, 17, 16)
_DPI: Final = 200
_WIDE: Final = 2.0  # width over height from which a figure stands above the text


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle on the page, in inches from the upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Fill(Box):
    """A rectangle of one colour."""

    color: str


@dataclass(frozen=True, kw_only=True)
class Image(Box):
    """A figure, with the words that stand for it."""

    figure: Figure
    alt: str

    def png(self) -> bytes:
        """Render the figure, sharp enough for paper."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=_DPI)
        return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Text(Box):
    """Paragraphs of one size and colour; `size` is in points."""

    paragraphs: tuple[str, ...]
    size: float
    color: str = INK
    bold: bool = False
    bullets: bool = False
    centred: bool = False
    title: bool = False

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """Break each paragraph into lines that fit the width."""
        width = self.width - (INDENT if self.bullets else 0)
        break_lines = _balance if self.title else _wrap
        return tuple(break_lines(paragraph, width, self.size, self.bold) for paragraph in self.paragraphs)

    @property
    def needed(self) -> float:
        """Height in inches of the lines and of the space between paragraphs."""
        lines = sum(map(len, self.lines))
        return (lines * LEADING + (len(self.paragraphs) - 1) * PARAGRAPH) * self.size / 72


Element = Fill | Image | Text


def place(deck: Deck, number: int) -> tuple[Element, ...]:
    """Place slide `number`, counted from 1, with what stands on every slide."""
    slide = deck.slides[number - 1]
    frame: list[Element] = [
        Fill(x=0, y=0, width=0.22, height=HEIGHT, color=BLUE),
        Text(x=_LEFT, y=0.4, width=7, height=0.35, paragraphs=(slide.topic,), size=15, color=BLUE, bold=True),
        Text(
            x=_LEFT,
            y=0.78,
            width=_RIGHT - _LEFT,
            height=1.1,
            paragraphs=(slide.title,),
            size=28,
            bold=True,
            title=True,
        ),
        Text(x=_LEFT, y=7.02, width=10.5, height=0.28, paragraphs=(deck.footer,), size=11, color=_SOFT),
        Text(
            x=_RIGHT - 1.2,
            y=7.02,
            width=1.2,
            height=0.28,
            paragraphs=(f"{number} / {len(deck.slides)}",),
            size=11,
            color=_SOFT,
            centred=True,
        ),
    ]
    if deck.mark is not None:
        frame += _mark(deck.mark)
    wide, high = slide.picture.figure.get_size_inches()
    return (*frame, *(_above(slide) if wide / high > _WIDE else _beside(slide)))


def _mark(said: str) -> list[Element]:
    """Put what nobody may overlook into the upper right corner."""
    x, width = _RIGHT - 3.6, 3.6
    return [
        Fill(x=x, y=0.3, width=width, height=0.42, color=_AMBER),
        Text(x=x, y=0.36, width=width, height=0.34, paragraphs=(said,), size=16, bold=True, centred=True),
    ]


def _beside(slide: Slide) -> list[Element]:
    """Put the figure to the right of key figures and bullets."""
    wide, high = slide.picture.figure.get_size_inches()
    text = _RIGHT - wide - 0.3 - _LEFT
    image = Image(
        x=_RIGHT - wide,
        y=_BODY + 0.05,
        width=wide,
        height=high,
        figure=slide.picture.figure,
        alt=slide.picture.alt,
    )
    cards = _cards(slide.key_figures, text)
    top = _BODY + (1.5 if cards else 0)
    return [image, *cards, _bullets(slide, x=_LEFT, y=top, width=text, height=_END - top)]


def _above(slide: Slide) -> list[Element]:
    """Put the figure over the bullets, in the whole width."""
    wide, high = slide.picture.figure.get_size_inches()
    image = Image(
        x=_LEFT + (_RIGHT - _LEFT - wide) / 2,
        y=_BODY - 0.1,
        width=wide,
        height=high,
        figure=slide.picture.figure,
        alt=slide.picture.alt,
    )
    top = image.y + high + 0.2
    return [image, _bullets(slide, x=_LEFT, y=top, width=_RIGHT - _LEFT, height=_END - top)]


def _cards(figures: tuple[KeyFigure, ...], width: float) -> list[Element]:
    """Put key figures side by side: the number large, what it is beneath."""
    placed: list[Element] = []
    gap = 0.15
    each = (width - gap * (len(figures) - 1)) / max(len(figures), 1)
    for i, shown in enumerate(figures):
        x = _LEFT + i * (each + gap)
        inner = Box(x=x + 0.08, y=_BODY + 0.08, width=each - 0.16, height=0.5)
        placed += [
            Fill(x=x, y=_BODY, width=each, height=1.25, color=PALE),
            Text(**vars(inner), paragraphs=(shown.value,), size=25, color=BLUE, bold=True, centred=True),
            Text(
                **vars(replace(inner, y=_BODY + 0.66, height=0.55)),
                paragraphs=(shown.caption,),
                size=13,
                centred=True,
            ),
        ]
    return placed


def _bullets(slide: Slide, *, x: float, y: float, width: float, height: float) -> Text:
    """Set the bullets in the largest size in which they fit."""
    texts = [
        Text(x=x, y=y, width=width, height=height, paragraphs=slide.bullets, size=size, bullets=True)
        for size in _SIZES
    ]
    return next((text for text in texts if text.needed <= height), texts[-1])


def _wrap(paragraph: str, width: float, size: float, bold: bool) -> tuple[str, ...]:
    """Break at plain spaces, so that no-break spaces hold."""
    lines: list[str] = []
    for word in paragraph.split(" "):
        if lines and measure(f"{lines[-1]} {word}", size, bold=bold) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _balance(paragraph: str, width: float, size: float, bold: bool) -> tuple[str, ...]:
    """Break into as few lines, as alike in length as can be: a title leaves no word alone."""
    fewest = len(_wrap(paragraph, width, size, bold))
    widths = (width * twentieths / 20 for twentieths in range(10, 21))
    return next(lines for each in widths if len(lines := _wrap(paragraph, each, size, bold)) == fewest)


@cache
def measure(line: str, size: float, *, bold: bool) -> float:
    """Measure a line of text in inches."""
    font = FontProperties(family=MEASURED, weight="bold" if bold else "normal", size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(line, font, ismath=False)
    return float(width) / 72
