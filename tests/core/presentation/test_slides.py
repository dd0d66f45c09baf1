import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from matplotlib.text import Text

from schemas.horizon import Horizon
from schemas.manifest import MODEL
from schemas.measures import Measure
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.presentation.slides import Deck, Slide, make_deck
from tests.harness.evaluation import cross_fit, numbers

CONSTANTS = {"95", "100", "10", "22", "4"}
"""Numbers that slides say by themselves: intervals, people drawn, powers of ten, an article, an hour."""

TOPICS = (
    "TelcoNova\u00a0: prévoir les départs de clients",
    "Les données",
    "La chaîne de traitement",
    "Le modèle",
    "Les résultats",
    "Ce qui annonce un départ",
    "Qui appeler",
    "Chaque nuit",
    "Vie privée et équité",
    "La suite",
)


def written(slide: Slide) -> list[str]:
    """List every text of a slide: shown, spoken, drawn in its figure, and said in its place."""
    drawn = [
        text.get_text()
        for axes in slide.picture.figure.axes
        for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label)
    ]
    cards = [text for each in slide.key_figures for text in (each.value, each.caption)]
    return [slide.title, *slide.bullets, *cards, slide.notes, slide.picture.alt, *filter(None, drawn)]


def shown(text: str) -> set[str]:
    """Find the numbers of a text, as Python writes them; those in per cent end with the sign."""
    found = re.findall(r"(\d[\d\u202f]*(?:,\d+)?)(\u00a0%)?", text)
    return {
        number.rstrip("\u202f").replace("\u202f", "").replace(",", ".") + ("%" if sign else "")
        for number, sign in found
    }


def known(bundle: Bundle) -> set[str]:
    """Write every number that a slide may show: of the evaluation and the manifest, rounded, and sums."""
    e, manifest = bundle.evaluation, bundle.manifest
    curves = {"roc", "precision_recall", "scores", "agreement"}
    plain = e.model_dump(mode="json", exclude={"gate": True, "evidence": curves})
    plain["training"].pop("learning_curves")
    c, t = e.confusion, e.training
    sums = [
        c.true_positive + c.false_positive,
        c.true_positive + c.false_negative,
        t.training_customers + t.validation_customers,
        len(t.epochs),
        len(e.audit.columns),
        round(100 * (e.audit.churn_share or 0)),
        100 - round(100 * (e.audit.churn_share or 0)),
        round(manifest.files[MODEL].size / 1000),
        *manifest.config.fit.hidden,
    ]
    found = {f"{manifest.training_seconds:.1f}", f"{e.parity.max_difference:.1e}".split("e")[0]}
    found |= {f"{float(each):g}" for response in e.evidence.responses for each in numeric(response.values)}
    for value in map(abs, (*numbers(plain), *map(float, sums))):
        found |= {f"{value:.{digits}f}" for digits in (1, 2, 3, 4)}
        found |= {f"{100 * value:.{digits}f}%" for digits in (0, 1)}
        if value.is_integer():
            found.add(f"{value:.0f}")
    return found | CONSTANTS | {f"{constant}%" for constant in CONSTANTS}


def numeric(values: tuple[str, ...]) -> Iterator[str]:
    """Give the values that are numbers."""
    return (value for value in values if value.replace(".", "", 1).isdigit())


def test_every_number_is_in_the_bundle(deck: Deck, champion: Bundle) -> None:
    """Shown, spoken, drawn or described: each number is one of evaluation.json or the manifest, rounded."""
    texts = [text for slide in deck.slides for text in written(slide)]
    found = set().union(*map(shown, texts))

    assert len(found) > 60
    assert found - known(champion) == set()


def test_an_altered_number_is_caught(deck: Deck, champion: Bundle) -> None:
    """The check above is worth something: of the decimals shown, another last digit is nearly always seen."""
    decimals = {n for slide in deck.slides for text in written(slide) for n in shown(text) if "." in n}
    altered = {n: f"{float(n) + 0.0013:.4f}" for n in decimals if not n.endswith("%")}
    allowed = known(champion)

    caught = [n for n, other in altered.items() if other not in allowed]
    assert len(caught) > 0.8 * len(altered)
    assert shown("ROC-AUC de 0,9876") - allowed == {"0.9876"}


def test_the_main_figures_stand_where_they_belong(deck: Deck, champion: Bundle) -> None:
    """The right number on the right slide, not only some number of the bundle."""
    e = champion.evaluation
    slides = {slide.topic: " ".join(written(slide)) for slide in deck.slides}
    c, deciles = e.confusion, e.evidence.deciles

    def comma(value: float | None, digits: int = 3) -> str:
        return f"{value or 0:.{digits}f}".replace(".", ",")

    assert comma(e.roc_auc.value) in slides["Les résultats"]
    for report in e.compared.values():
        assert comma(abs(report.difference.roc_auc.value or 0), 4) in slides["Les résultats"]
    assert f"{comma(100 * (e.audit.churn_share or 0), 1)}\u00a0%" in slides[TOPICS[0]]
    assert f"trouver {100 * deciles[1].gain:.0f}\u00a0% des départs" in slides["Qui appeler"]
    assert f"{c.true_positive + c.false_positive}\u00a0clients signalés" in slides["Qui appeler"]
    assert comma(e.measures.ece.value) in slides["Le modèle"]
    assert e.protected is not None
    assert comma(abs(e.protected.difference.roc_auc.value or 0), 4) in slides["Vie privée et équité"]


def test_ten_slides(deck: Deck) -> None:
    """Every topic once, in this order, each with notes to speak from."""
    assert tuple(slide.topic for slide in deck.slides) == tuple(
        topic.replace("'", "\u2019") for topic in TOPICS
    )
    assert min(len(slide.notes.split()) for slide in deck.slides) > 40


def test_no_placeholder(deck: Deck) -> None:
    """No text is empty, none is a stand-in, and every picture is described."""
    for slide in deck.slides:
        assert all(slide.bullets)
        assert len(slide.picture.alt) > 40
        for text in written(slide):
            assert not re.search(r"None|nan|TODO|lorem|[{}]", text), text


def test_simulated_customers_are_marked(deck: Deck, simulated_deck: Deck) -> None:
    """On every slide, and said at once; a deck of real customers has no such mark."""
    assert deck.mark == ""
    assert simulated_deck.mark == "CLIENTS SIMULÉS"
    assert "confirmer. Attention\u00a0: ces clients sont simulés" in simulated_deck.slides[0].notes
    assert "simulés" not in deck.slides[0].notes


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        (Horizon(days=60, source="declared"), "60 jours (déclaré)"),
        (Horizon(days=30, source="assumed"), "30 jours (hypothèse)"),
        (Horizon(days=1, source="declared"), "1 jour (déclaré)"),
        (None, "non déclaré"),
    ],
)
def test_the_first_slide_says_what_is_predicted(champion: Bundle, horizon: Horizon | None, said: str) -> None:
    """Within how many days, and whether that is declared or a hypothesis; the notes say it, too."""
    e = champion.evaluation.model_copy(update={"horizon": horizon})
    first = make_deck(e, champion.manifest, in_service=True).slides[0]

    bullets, notes = (text.replace("\u00a0", " ") for text in (" ".join(first.bullets), first.notes))
    assert f"après le jour de l\u2019extrait : {said}." in bullets
    assert f"l\u2019horizon : {said}." in notes
    assert ("reste à confirmer" in notes) is (horizon is not None and horizon.source == "assumed")


def test_the_footer_says_what_the_model_is(deck: Deck, champion: Bundle) -> None:
    """Its id, whether it is in service and what the gate said."""
    decision = champion.evaluation.gate.model_copy(update={"outcome": "refused"})
    refused = champion.evaluation.model_copy(update={"gate": decision})
    other = make_deck(refused, champion.manifest, in_service=False)

    assert champion.manifest.bundle_id in deck.footer
    assert ", en service" in deck.footer
    assert "pas en service" in other.footer
    assert "refusé" in other.footer
    assert "REFUSÉ" in " ".join(other.slides[4].bullets)


@pytest.mark.parametrize(
    ("low", "high", "expected", "bullet"),
    [
        (0.002, 0.010, "Meilleur que la régression logistique", "Le réseau fait mieux que"),
        (-0.002, 0.006, "Pas départagé de la régression logistique", "Non départagé de"),
        (-0.010, -0.002, "Moins bon que la régression logistique", "Le réseau fait moins bien que"),
    ],
)
def test_results_claim_no_more_than_intervals_do(
    champion: Bundle, low: float, high: float, expected: str, bullet: str
) -> None:
    """Ahead only where no interval holds zero, and a simple model that is better is named as such."""
    found = Measure(value=(low + high) / 2, low=low, high=high)
    baselines = {
        name: report.model_copy(
            update={"difference": report.difference.model_copy(update={"roc_auc": found})}
        )
        for name, report in champion.evaluation.baselines.items()
    }
    e = champion.evaluation.model_copy(update={"baselines": baselines})
    results = make_deck(e, champion.manifest, in_service=True).slides[4]

    assert expected in results.title
    assert results.bullets[1].startswith(bullet)


def test_results_are_those_of_the_folds(champion: Bundle) -> None:
    """Where the recipe was repeated in folds, their figures stand in title, text, picture and notes."""
    folds = cross_fit(-0.0087, -0.0013)
    e = champion.evaluation.model_copy(update={"cross_fit": folds})
    results = make_deck(e, champion.manifest, in_service=True).slides[4]
    bullets = " ".join(results.bullets)

    assert results.title.startswith("Moins bon que la régression logistique")
    assert "0,0050" in results.title
    assert results.key_figures[0].value == "0,846"
    assert bullets.startswith("Jugé")
    assert "Le réseau fait moins bien que : régression logistique." in bullets.replace("\u00a0", " ")
    assert f"Jugé sur {e.audit.rows.accepted}" in bullets.replace("\u202f", "").replace("\u00a0", " ")
    assert "refait 3\u00a0fois" in results.notes
    for each in folds.baselines.values():
        difference = each.difference.roc_auc.value
        assert difference is not None
        assert f"{abs(difference):.4f}".replace(".", ",") in results.picture.alt
    assert str(e.training.holdout_customers) not in bullets


def test_results_of_the_holdout_are_said_to_be(deck: Deck, champion: Bundle) -> None:
    """Without folds the slide names how few customers judge, and tells of no repetition."""
    results = deck.slides[4]

    assert champion.evaluation.cross_fit is None
    assert f"Jugé sur {champion.evaluation.training.holdout_customers}" in " ".join(results.bullets).replace(
        "\u202f", ""
    ).replace("\u00a0", " ")
    assert "refait" not in results.notes


def test_every_number_of_the_folds_is_in_the_bundle(champion: Bundle) -> None:
    """Evidence over folds adds no number that evaluation.json does not have."""
    e = champion.evaluation.model_copy(update={"cross_fit": cross_fit(0.0013, 0.0087)})
    results = make_deck(e, champion.manifest, in_service=True).slides[4]

    assert set().union(*map(shown, written(results))) - known(replace(champion, evaluation=e)) == set()


def test_what_cannot_be_measured_is_said(champion: Bundle) -> None:
    """Groups of too few, parity that is not finite and a model without protected attributes do no harm."""
    nothing = Measure(value=None, low=None, high=None)
    e = champion.evaluation
    few = e.slices["gender"]["Female"].model_copy(
        update={"flagged_share": None, "recall": nothing, "false_positive_rate": nothing}
    )
    changed = e.model_copy(
        update={
            "protected": None,
            "parity": e.parity.model_copy(update={"max_difference": None}),
            "slices": {**e.slices, "gender": {"Female": few}},
        }
    )
    slides = make_deck(changed, champion.manifest, in_service=True).slides

    assert "non mesurable" in " ".join(slides[2].bullets)
    assert "ne sont pas des entrées" in " ".join(slides[8].bullets)
    assert "femmes trop peu de clients" in slides[8].picture.alt


def test_drawn_text_is_large_enough(deck: Deck) -> None:
    """No label in a figure is smaller than 12 points."""
    for slide in deck.slides:
        texts = [text for text in slide.picture.figure.findobj(Text) if text.get_text().strip()]
        assert min(text.get_fontsize() for text in texts) >= 12, slide.topic
