"""Say what a bundle is and is worth in ten slides, in French; every number is the bundle's own."""

from dataclasses import replace
from typing import Final

from schemas.manifest import BundleManifest
from schemas.reports import JudgedEvaluation
from tasks.core.training.presentation import project, worth
from tasks.core.training.presentation.deck import Deck, KeyFigure, Slide
from tasks.core.training.presentation.french import typeset

SIMULATED: Final = "CLIENTS SIMULÉS"
"""What stands on every slide about a bundle that learnt from simulated customers."""

_GATE: Final = {"passed": "accepté", "not proven": "non départagé", "refused": "refusé"}


def make_deck(e: JudgedEvaluation, manifest: BundleManifest, *, in_service: bool) -> Deck:
    """Describe the bundle for TelcoNova.

    Args:
        e: Its evaluation.
        manifest: Its seal.
        in_service: Whether it is the champion.
    """
    slides = (
        project.problem(e),
        project.data(e),
        project.pipeline(e),
        worth.model(e, manifest),
        worth.results(e),
        worth.drivers(e),
        worth.calls(e),
        project.night(),
        worth.privacy(e),
        project.next_steps(e),
    )
    service = "en service" if in_service else "pas en service"
    return Deck(
        title="TelcoNova : prévoir les départs de clients",
        footer=typeset(
            f"TelcoNova · modèle {manifest.bundle_id}, {service} · contrôle : {_GATE[e.gate.outcome]}"
        ),
        mark=SIMULATED if e.simulated else None,
        slides=tuple(_typeset(slide) for slide in slides),
    )


def _typeset(slide: Slide) -> Slide:
    return replace(
        slide,
        topic=typeset(slide.topic),
        title=typeset(slide.title),
        bullets=tuple(map(typeset, slide.bullets)),
        notes=typeset(slide.notes),
        key_figures=tuple(
            KeyFigure(value=typeset(each.value), caption=typeset(each.caption)) for each in slide.key_figures
        ),
        picture=replace(slide.picture, alt=typeset(slide.picture.alt)),
    )
