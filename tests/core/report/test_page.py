import re
from unittest.mock import patch

import pytest

from schemas.config import GatePolicy
from schemas.horizon import Horizon
from schemas.measures import Measure
from schemas.reports import CrossFit, JudgedEvaluation
from tasks.core.gate import judge
from tasks.core.report.card import write_card
from tasks.core.report.comparison import compare
from tasks.core.report.page import write_page
from tasks.core.report.sentences import number
from tests.harness.evaluation import cross_fit, numbers
from tests.harness.home import Home

CONSTANTS = {"95", "100", "10", "02", "1"}
"""Numbers that the page says by itself: the intervals' level, shares of a hundred, ten customers, a tenth."""


LEAVES = "that a customer leaves within this time after the extract's day."


@pytest.fixture
def page(trained_home: Home) -> str:
    """Read the report in the champion's bundle."""
    assert trained_home.champion is not None
    folder = trained_home.registry / "bundles" / trained_home.champion.manifest.bundle_id
    return (folder / "report.html").read_text(encoding="utf-8")


def judged(home: Home, found: CrossFit | None) -> JudgedEvaluation:
    """Return the champion's evaluation with this evidence over folds, judged by the default policy."""
    assert home.champion is not None
    e = home.champion.evaluation.model_copy(update={"cross_fit": found})
    decision = judge(e, GatePolicy(), champion_simulated=None, champion_horizon=None)
    return e.model_copy(update={"gate": decision})


def written(home: Home, e: JudgedEvaluation) -> tuple[str, str]:
    """Write report and model card of such an evaluation, with frames in place of the drawings."""
    assert home.champion is not None
    config = home.champion.manifest.config
    with patch("tasks.core.report.plots._svg", lambda _, title: f'<svg aria-label="{title}"></svg>'):
        page = write_page(e, title="a" * 16, extract_id="0" * 16, config=config, versions={}, files={})
    return page, write_card(e, title="a" * 16, extract_id="0" * 16, config=config)


def test_every_number_shown_is_in_the_evaluation(trained_home: Home, page: str) -> None:
    """Each number in the text of the report is one of evaluation.json, rounded, or a sum of its counts."""
    champion = trained_home.champion
    assert champion is not None
    assert_numbers_are_known(champion.evaluation, page)


def test_every_number_of_the_folds_is_in_the_evaluation(trained_home: Home) -> None:
    """So is each number that the evidence over folds adds."""
    e = judged(trained_home, cross_fit(0.0013, 0.0087))

    assert_numbers_are_known(e, written(trained_home, e)[0])


def assert_numbers_are_known(e: JudgedEvaluation, page: str) -> None:
    """Look every number of the page up in the evaluation."""
    hidden = "|".join(rf"<{tag}\b.*?</{tag}>" for tag in ("style", "title", "h1", "svg", "footer"))
    text = re.sub(hidden, " ", page, flags=re.DOTALL)
    text = re.sub(r"Extract [0-9a-f]{16}|<[^>]+>", " ", text)
    spoken = " ".join([check.observed + " " + check.bound for check in e.gate.checks])
    known = set(re.findall(r"\d+(?:\.\d+)?", spoken)) | CONSTANTS
    values = [*numbers(e.model_dump(mode="json")), float(len(e.training.epochs))]
    c = e.confusion
    values += [c.true_positive + c.false_positive, c.true_positive + c.false_negative]
    values += [e.training.training_customers + e.training.validation_customers]
    for value in map(abs, values):
        known |= {f"{value:.{digits}f}" for digits in (0, 1, 2, 3, 4)} | {f"{value:g}", f"{value}"}
        known |= {f"{100 * value:.{digits}f}" for digits in (0, 1)}
    known |= {value for response in e.evidence.responses for value in response.values}

    shown = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text))
    assert len(shown) > 100
    assert shown - known == set()


def test_the_page_needs_nothing_else(page: str) -> None:
    """The page asks for nothing over the network, runs no script and stays under two megabytes."""
    links = set(re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s>]+)", page))

    assert {link for link in links if not link.startswith("#")} == set()
    assert "<script" not in page
    assert len(page.encode()) < 2_000_000


def test_the_page_holds_no_customer(trained_home: Home, page: str) -> None:
    """No customer's id stands in the report or in the model card."""
    champion = trained_home.champion
    assert champion is not None
    card = trained_home.registry / "bundles" / champion.manifest.bundle_id / "model_card.md"

    assert "TEST-" not in page
    assert "TEST-" not in card.read_text(encoding="utf-8")


def test_the_answer_and_the_verdict_come_first(page: str) -> None:
    """The main question, then verdict and gate, stand before everything else; every section is there."""
    sections = ("The data", "Training", "Ranking on the holdout", "Comparison on the holdout", "Whom to call")
    order = [
        "<h2>Is the network better than logistic regression?",
        'class="verdict',
        *(
            f"<h2>{name}"
            for name in (*sections, "Calibration", "Customer groups", "What drives", "Reasons for")
        ),
    ]
    places = [page.index(each) for each in order]

    assert places == sorted(places)


def test_every_plot_has_its_sentence(page: str) -> None:
    """No figure stands without words, and each picture says to a screen reader what it is."""
    figures = re.findall(r"<figure>(.*?)</figure>", page, flags=re.DOTALL)
    pictures = re.findall(r"<svg [^>]*>", page)

    assert len(figures) > 10
    assert all('role="img" aria-label="' in picture for picture in pictures)
    captioned = [figure for figure in figures if "<figcaption>" in figure]
    assert len(captioned) >= 9


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure(value=0.8514, low=0.8299, high=0.8715), "0.851 (0.830 to 0.872)"),
        (Measure(value=0.5, low=None, high=None), "0.500"),
        (Measure(value=None, low=None, high=None), "not measurable"),
    ],
)
def test_measures_are_written_with_their_interval(measure: Measure, expected: str) -> None:
    """A number is never shown without its uncertainty, nor a missing one as zero."""
    assert number(measure) == expected


def test_the_model_card_is_filled(trained_home: Home) -> None:
    """The card names use, limits and fairness, and no placeholder is left."""
    champion = trained_home.champion
    assert champion is not None
    card = (trained_home.registry / "bundles" / champion.manifest.bundle_id / "model_card.md").read_text()

    assert all(f"## {title}" in card for title in ("Intended use", "Data", "Fairness", "Limits"))
    assert "{{" not in card
    assert "art. 22" in card
    assert f"| roc_auc | {number(champion.evaluation.measures.roc_auc)} |" in card


def test_both_answers_stand_in_report_and_card(trained_home: Home) -> None:
    """Whether the network is better, and whether it is no worse, each before the gate's verdict."""
    e = judged(trained_home, cross_fit(0.0013, 0.0087))
    answers = compare(e, e.gate)

    for document, verdict in zip(written(trained_home, e), ('class="verdict', "Gate: "), strict=True):
        places = [document.index(each.replace(">", "&gt;") if "<" in document else each) for each in answers]
        assert places == sorted(places)
        assert places[-1] < document.index(verdict)
    assert "done in 3 folds" in answers[0]
    assert ": yes; required: ROC-AUC difference > -0.005 (95 %)." in answers[1]


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        (Horizon(days=60, source="declared"), f"60 days (declared). The label means {LEAVES}"),
        (
            Horizon(days=30, source="assumed"),
            f"30 days (assumed). The label is taken to mean {LEAVES} Declare it with outcome.horizon_days.",
        ),
        (None, "not declared."),
    ],
)
def test_what_the_label_means_is_in_report_and_card(
    trained_home: Home, horizon: Horizon | None, said: str
) -> None:
    """With the number of days, and whether the operator declared it."""
    e = judged(trained_home, None).model_copy(update={"horizon": horizon})

    page, card = written(trained_home, e)

    assert f"<p>Horizon: {said}</p>".replace("'", "&#39;") in page
    assert f"\nHorizon: {said}\n" in card
    assert_numbers_are_known(e, page)


def test_folds_are_drawn_only_where_there_are_some(trained_home: Home) -> None:
    """With the holdout alone there are the same two sentences, and neither plot nor caption."""
    title = '<svg aria-label="Network minus other models, by fold">'
    folds = judged(trained_home, cross_fit(0.0013, 0.0087))
    alone = judged(trained_home, None)

    page, _ = written(trained_home, folds)
    other, _ = written(trained_home, alone)

    assert page.count(title) == 1
    assert page.count("A small dot is one fold") == 1
    assert page.index("No worse than") < page.index(title) < page.index('class="verdict')
    assert title not in other
    assert "A small dot is one fold" not in other
    assert "On a holdout of" in other
    assert "No worse than logistic regression: " in other
