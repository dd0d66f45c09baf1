"""A presentation before it has a format: slides, what is said on them, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """A number that is shown large, and what it is."""

    value: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure, and the same in words for whoever cannot see it."""

    figure: Figure
    alt: str


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One slide: what is shown, who speaks, for how long, and what is said."""

    topic: str
    title: str
    bullets: tuple[str, ...]
    picture: Picture
    speaker: Literal["A", "B"]
    seconds: int
    notes: str
    key_figures: tuple[KeyFigure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deck:
    """The slides of one bundle, with what stands on each of them."""

    title: str
    footer: str
    mark: str | None
    slides: tuple[Slide, ...]

    def cues(self) -> Iterator[tuple[Slide, str]]:
        """Give each slide with the first line of its notes: who speaks, from when to when."""
        start = 0
        for slide in self.slides:
            end = start + slide.seconds
            yield slide, f"Intervenant {slide.speaker} – de {_clock(start)} à {_clock(end)}"
            start = end


def _clock(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60:02d}"
