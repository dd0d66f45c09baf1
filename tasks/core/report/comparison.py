"""Say in plain words how the network compares with logistic regression, and how one knows."""

from typing import Final

from schemas.baselines import LOGISTIC_REGRESSION
from schemas.measures import Measure
from schemas.reports import Evaluation, GateDecision, Verdict
from tasks.core.intervals import with_interval

NOT_WORSE: Final[dict[Verdict, str]] = {
    "pass": "yes",
    "fail": "no",
    "not proven": "not proven, as there are too few customers to tell",
}


def compare(evaluation: Evaluation, decision: GateDecision) -> tuple[str, str]:
    """Answer two questions, each in one line: is the network better, and is it not worse?

    The second one is the gate's check `baseline`. The first one decides nothing.
    """
    other = evaluation.compared.get(LOGISTIC_REGRESSION)
    if other is None:
        return f"Better than {LOGISTIC_REGRESSION}: not compared.", ""
    judged = [check for check in decision.checks if check.name == "baseline"]
    worse = (
        f"{NOT_WORSE[judged[0].verdict]}; required: {judged[0].bound}" if judged else "not checked, by policy"
    )
    ours, theirs = (
        with_interval(Measure(value=each.value, low=None, high=None), "unknown")
        for each in (evaluation.roc_auc, other.roc_auc)
    )
    difference = with_interval(other.difference.roc_auc, "unknown", digits=4, sign="+")
    better = (
        f"Better than {LOGISTIC_REGRESSION}: {_better(other.difference.roc_auc)}. {_how(evaluation)}"
        f" ROC-AUC {ours} against {theirs}, difference {difference}."
    )
    return better, f"No worse than {LOGISTIC_REGRESSION}: {worse}."


def _better(difference: Measure) -> str:
    if difference.low is None or difference.high is None:
        return "unknown, as there are too few customers"
    if difference.low > 0:
        return "yes, the 95 % interval of the difference lies above zero"
    if difference.high < 0:
        return "no, it is worse: the 95 % interval of the difference lies below zero"
    return "not shown, the 95 % interval of the difference contains zero"


def _how(evaluation: Evaluation) -> str:
    if evaluation.cross_fit is None:
        return f"On a holdout of {evaluation.training.holdout_customers} customers that neither has seen:"
    return (
        f"The whole training is done in {evaluation.cross_fit.folds} folds, so that each of"
        f" {evaluation.audit.rows.accepted} customers is judged once by models that have not seen it:"
    )
