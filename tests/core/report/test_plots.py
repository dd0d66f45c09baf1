from typing import Any

import pytest
from matplotlib.figure import Figure

from schemas.baselines import DECISION_TREE, LOGISTIC_REGRESSION, SPLINES
from schemas.reports import CrossFit
from tasks.core.report import plots
from tests.harness.evaluation import cross_fit


def _drawn(found: CrossFit, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the axes of the evidence plot."""
    figures: list[Figure] = []

    def keep(figure: Figure, _title: str) -> str:
        figures.append(figure)
        return ""

    monkeypatch.setattr(plots, "_svg", keep)
    plots.evidence(found, margin=0.005)
    return figures[0].axes[0]


def test_evidence_shows_every_fold_and_the_mean_with_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row per model, the teacher last; each fold is a dot, and the bar spans the interval of the mean."""
    found = cross_fit(-0.0012, 0.0048)
    axes = _drawn(found, monkeypatch)
    zero, margin, *_ = axes.lines
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    means = [line for line in axes.lines if line.get_marker() == "D"]
    bars = [bar.get_segments()[0] for bar in axes.collections]

    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [LOGISTIC_REGRESSION, SPLINES, DECISION_TREE, "its teacher"]
    assert found.teacher is not None
    compared = [*found.baselines.values(), found.teacher]
    assert [tuple(each.get_xdata()) for each in dots] == [each.by_fold for each in compared]
    for i, each in enumerate(compared):
        difference = each.difference.roc_auc
        assert means[i].get_xdata() == pytest.approx([difference.value])
        assert bars[i][:, 0] == pytest.approx([difference.low, difference.high])
        assert {*means[i].get_ydata(), *dots[i].get_ydata()} == {i - 0.1, i + 0.2}
    assert (zero.get_xdata()[0], margin.get_xdata()[0]) == (0, -0.005)
    assert axes.get_ylim() == (3.5, -0.5)


def test_evidence_without_a_teacher_has_no_row_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model in service is then compared with the baselines alone."""
    axes = _drawn(cross_fit(0.001, 0.002).model_copy(update={"teacher": None}), monkeypatch)

    assert axes.get_yticklabels()[0].get_text() == LOGISTIC_REGRESSION
    assert len([line for line in axes.lines if line.get_marker() == "D"]) == 3


def test_evidence_is_drawn_for_screen_readers_too() -> None:
    """The picture says what it shows."""
    assert 'role="img" aria-label="Network minus other models, by fold"' in plots.evidence(
        cross_fit(0.001, 0.002), margin=0.005
    )
