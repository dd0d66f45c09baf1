from typing import Any

import pytest

from schemas.baselines import LOGISTIC_REGRESSION
from schemas.measures import Measure
from schemas.reports import (
    DataAudit,
    Evaluation,
    GateCheck,
    GateDecision,
    Measures,
    ModelReport,
    PairedDifference,
    RowCounts,
    TrainingReport,
)
from tasks.core.report.comparison import compare
from tests.harness.evaluation import cross_fit, spread


def _evaluation(**changes: Any) -> Evaluation:
    """Make an evaluation of which only the comparison is read; on the holdout the candidate is behind."""
    report = ModelReport.model_construct(
        measures=Measures.model_construct(roc_auc=spread(0.86, 0.88)),
        difference=PairedDifference(customers=321, roc_auc=spread(-0.04, -0.02)),
    )
    values: dict[str, Any] = {
        "audit": DataAudit.model_construct(rows=RowCounts.model_construct(accepted=1_000)),
        "training": TrainingReport.model_construct(holdout_customers=321),
        "measures": Measures.model_construct(roc_auc=spread(0.83, 0.85)),
        "baselines": {LOGISTIC_REGRESSION: report},
        "cross_fit": None,
    }
    return Evaluation.model_construct(**(values | changes))


def _decision(verdict: str | None) -> GateDecision:
    """Make a decision in which the check `baseline` has this verdict, or is switched off."""
    names = {"headline": "fail"} | ({} if verdict is None else {"baseline": verdict})
    checks = tuple(
        GateCheck.model_construct(name=name, verdict=each, bound=f"bound of {name}")
        for name, each in names.items()
    )
    return GateDecision.model_construct(checks=checks)


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.0001, 0.0125, "yes, the 95 % interval of the difference lies above zero"),
        (-0.0001, 0.0125, "not shown, the 95 % interval of the difference contains zero"),
        (-0.0125, 0.0001, "not shown, the 95 % interval of the difference contains zero"),
        (0.0, 0.0, "not shown, the 95 % interval of the difference contains zero"),
        (-0.0125, -0.0001, "no, it is worse: the 95 % interval of the difference lies below zero"),
    ],
)
def test_better_is_what_the_interval_shows(low: float, high: float, answer: str) -> None:
    """Over the folds, whatever the holdout says; with all figures that the answer rests on."""
    better, _ = compare(_evaluation(cross_fit=cross_fit(low, high)), _decision("pass"))

    assert better == (
        f"Better than logistic regression: {answer}. The whole training is done in 3 folds, so that each"
        " of 1000 customers is judged once by models that have not seen it: ROC-AUC 0.846 against 0.841,"
        f" difference {(low + high) / 2:+.4f} ({low:+.4f} to {high:+.4f})."
    )


def test_without_folds_the_holdout_answers() -> None:
    """The sentence says on how few customers."""
    better, _ = compare(_evaluation(), _decision("pass"))

    assert better == (
        "Better than logistic regression: no, it is worse: the 95 % interval of the difference lies below"
        " zero. On a holdout of 321 customers that neither has seen: ROC-AUC 0.840 against 0.870, difference"
        " -0.0300 (-0.0400 to -0.0200)."
    )


@pytest.mark.parametrize("value", [None, 0.01])
def test_without_an_interval_nothing_is_known(value: float | None) -> None:
    """Too few customers for an interval are not taken for an answer."""
    unknown = PairedDifference(customers=3, roc_auc=Measure(value=value, low=None, high=None))
    report = ModelReport.model_construct(
        measures=Measures.model_construct(roc_auc=spread(0.8, 0.9)), difference=unknown
    )

    better, _ = compare(_evaluation(baselines={LOGISTIC_REGRESSION: report}), _decision("pass"))

    assert better.startswith("Better than logistic regression: unknown, as there are too few customers. On")
    assert better.endswith("difference unknown." if value is None else "difference +0.0100.")


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [
        ("pass", "yes; required: bound of baseline"),
        ("fail", "no; required: bound of baseline"),
        ("not proven", "not proven, as there are too few customers to tell; required: bound of baseline"),
        (None, "not checked, by policy"),
    ],
)
def test_not_worse_is_what_the_gate_found(verdict: str | None, answer: str) -> None:
    """The second question is the gate's own; a check that the policy switches off is named as such."""
    _, not_worse = compare(_evaluation(), _decision(verdict))

    assert not_worse == f"No worse than logistic regression: {answer}."


def test_nothing_to_compare_with_is_said() -> None:
    """Without logistic regression there is no answer to either question."""
    folds = cross_fit(0.1, 0.2).model_copy(update={"baselines": {}})

    for evaluation in (_evaluation(baselines={}), _evaluation(cross_fit=folds)):
        assert compare(evaluation, _decision("fail")) == (
            "Better than logistic regression: not compared.",
            "",
        )
