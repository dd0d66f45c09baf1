"""Draw the page's charts as inline SVG; the colours are classes in its style sheet."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from schemas.campaign_files import CurvePoint, GroupShare, ShareOf
from schemas.disclosure import SMALLEST_CELL
from tasks.core.campaigns.language import Language

_WIDTH, _HEIGHT = 520, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 32, 30, 48
"""The curve's size and margins."""
_STEPS: Final = 5
"""Steps between ticks, at most."""
_STRIP: Final = (("all", 6), ("eligible", 15), ("list", 24))
"""Classes of the shares in a strip, and their heights."""

Place = Callable[[float], float]


@dataclass(frozen=True)
class CurveText:
    """What is written in and about the curve."""

    title: str
    description: str
    x: str
    y: str
    cut: str


def bar(share: float, kind: str) -> str:
    """Draw a bar as long as a share of its cell; decorative, since the number stands beside it."""
    width = 100 * min(max(share, 0.0), 1.0)
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" width="{width:.2f}" height="10"/></svg>'
    )


def strip(group: GroupShare, title: str) -> str:
    """Draw a group's share of everybody, of the eligible and of the list, from 0 to 100 %; not of a few."""
    shares = (group.everybody, group.eligible, group.contacts)
    marks = [_interval(share, *mark) for mark, share in zip(_STRIP, shares, strict=True)]
    return (
        f'<svg class="strip" viewBox="0 0 200 30" role="img"><title>{escape(title)}</title>'
        f'<line class="axis" x1="0" x2="200" y1="29.5" y2="29.5"/>{"".join(marks)}</svg>'
    )


def curve(points: Sequence[CurvePoint], cut: CurvePoint, language: Language, text: CurveText) -> str:
    """Draw the cumulative profit of at least one point, with the place where the list ends."""
    profits = [0.0, cut.profit, *(point.profit for point in points)]
    x_ticks = ticks(0, max(points[-1].contacts, cut.contacts, 1))
    y_ticks = ticks(min(profits), max(profits))
    x = _scale(x_ticks, _LEFT, _WIDTH - _RIGHT)
    y = _scale(y_ticks, _HEIGHT - _BOTTOM, _TOP)
    line = " ".join(f"{x(point.contacts):.1f},{y(point.profit):.1f}" for point in points)
    place = x(cut.contacts)
    beside, anchor = (-6, "end") if place > (_LEFT + _WIDTH) / 2 else (6, "start")
    return "".join(
        [
            f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="ct cd">',
            f'<title id="ct">{escape(text.title)}</title><desc id="cd">{escape(text.description)}</desc>',
            *(_grid(y(tick), language.money(tick)) for tick in y_ticks),
            *(_text(x(tick), _HEIGHT - _BOTTOM + 18, language.money(tick), "middle") for tick in x_ticks),
            _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, text.x, "middle"),
            _text(4, 14, text.y, "start"),
            f'<polyline class="line" points="{line}"/>',
            f'<line class="cut" x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>',
            f'<circle class="dot" cx="{place:.1f}" cy="{y(cut.profit):.1f}" r="5"/>',
            _text(place + beside, _HEIGHT - _BOTTOM - 8, text.cut, anchor),
            "</svg>",
        ]
    )


def ticks(low: float, high: float) -> list[float]:
    """Return round, whole numbers, equally far apart; the first and the last enclose both values."""
    rough = max(high - low, 1.0) / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(1.0, next(each * power for each in (1, 2, 5, 10) if each * power >= rough))
    first = math.floor(low / step)
    return [step * i for i in range(first, max(math.ceil(high / step), first + 1) + 1)]


def _scale(ticks_: Sequence[float], first: float, last: float) -> Place:
    """Map the range of the ticks to a range of the drawing."""
    low, span = ticks_[0], ticks_[-1] - ticks_[0]
    return lambda value: first + (last - first) * (value - low) / span


def _interval(share: ShareOf, kind: str, height: int) -> str:
    if share.share is None or share.of < SMALLEST_CELL:
        return ""
    low, middle, high = (200 * (each or 0.0) for each in (share.low, share.share, share.high))
    return (
        f'<line class="{kind}" x1="{low:.1f}" x2="{high:.1f}" y1="{height}" y2="{height}"/>'
        f'<circle class="{kind}" cx="{middle:.1f}" cy="{height}" r="3.2"/>'
    )


def _grid(y: float, label: str) -> str:
    line = f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(_LEFT - 6, y + 4, label, "end")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
