"""Build ten slides about a bundle, in French, from its own numbers."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from schemas.manifest import BundleManifest
from schemas.reports import JudgedEvaluation
from tasks.core.presentation import charts, facts
from tasks.core.report import french

_SLIDES: Final = tomllib.loads(Path(__file__).with_name("slides.toml").read_text("utf-8"))
_TEMPLATES: Final = Environment(undefined=StrictUndefined, trim_blocks=True)  # noqa: S701 plain text
_FILTERS: Final = ("whole", "decimal", "percent", "share", "power_of_ten", "interval", "horizon")
_TEMPLATES.filters |= {name: getattr(french, name) for name in _FILTERS}
_TEMPLATES.globals["signed"] = french.signed


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """A number in large type, and its caption."""

    value: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart, and its description for readers who cannot see it."""

    figure: Figure
    alt: str


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One slide with its speaker notes."""

    topic: str
    title: str
    bullets: tuple[str, ...]
    key_figures: tuple[KeyFigure, ...]
    picture: Picture
    notes: str


@dataclass(frozen=True, kw_only=True)
class Deck:
    """One bundle's slides, and what every slide repeats: a footer, and a mark if it is not empty."""

    title: str
    footer: str
    mark: str
    created_at: datetime
    slides: tuple[Slide, ...]


def make_deck(e: JudgedEvaluation, manifest: BundleManifest, *, in_service: bool) -> Deck:
    """Fill the text in `slides.toml` with a bundle's numbers and draw its charts.

    Args:
        e: The bundle's evaluation.
        manifest: The bundle's manifest.
        in_service: Whether the bundle is the champion.
    """
    values = facts.text_values(e, manifest, in_service=in_service)
    drawn = {
        "people": charts.people(e.audit.churn_share or 0.0),
        "shares": charts.shares(facts.churn_shares(e)),
        "calibration": charts.calibration(e.evidence.calibration),
        "comparison": charts.comparison(facts.differences(e)),
        "influence": charts.influence(facts.influences(e)),
        "gains": charts.gains(e.evidence.deciles),
        "groups": charts.groups(facts.groups(e)),
    }
    return Deck(
        title=_text(_SLIDES["title"], values),
        footer=_text(_SLIDES["footer"], values),
        mark=_text(_SLIDES["mark"], values),
        created_at=manifest.created_at,
        slides=tuple(
            _slide(each, values, drawn[each["chart"]] if "chart" in each else charts.chain(each["chain"]))
            for each in _SLIDES["slides"]
        ),
    )


def _slide(source: dict[str, Any], values: dict[str, Any], figure: Figure) -> Slide:
    return Slide(
        topic=_text(source["topic"], values),
        title=_text(source["title"], values),
        bullets=tuple(map(french.typeset, _lines(source["bullets"], values))),
        key_figures=tuple(
            KeyFigure(value=_text(value, values), caption=_text(caption, values))
            for value, caption in source.get("key_figures", ())
        ),
        picture=Picture(figure=figure, alt=_text(source["alt"], values)),
        notes=_text(source["notes"], values),
    )


def _text(template: str, values: dict[str, Any]) -> str:
    return french.typeset(" ".join(_lines(template, values)))


def _lines(template: str, values: dict[str, Any]) -> list[str]:
    """Fill a template and give its lines without the blank ones."""
    lines = _TEMPLATES.from_string(template).render(values).split("\n")
    return [line.strip(" ") for line in lines if line.strip(" ")]
