"""Say in a sentence what each plot shows; every number comes from evaluation.json."""

from schemas.evidence import WorkedExample
from schemas.measures import Measure
from schemas.reports import JudgedEvaluation
from tasks.core.intervals import with_interval
from tasks.core.report.plots import label_of


def number(measure: Measure, digits: int = 3) -> str:
    """Write a measure with its interval."""
    return with_interval(measure, missing="not measurable", digits=digits)


def share(measure: Measure) -> str:
    """Write a share with its interval, in per cent."""
    if measure.value is None or measure.low is None or measure.high is None:
        return "fewer than ten customers"
    return f"{measure.value:.0%} ({measure.low:.0%} to {measure.high:.0%})"


def verdict(e: JudgedEvaluation) -> str:
    """Say what the gate decided."""
    said = {
        "passed": "The candidate passed every check that can block it.",
        "not proven": "Nothing speaks against the candidate, but one comparison is too close to call.",
        "refused": "The candidate was refused and is not in service.",
    }[e.gate.outcome]
    switched_off = (
        f" Not checked, by policy: {', '.join(e.gate.switched_off)}." if e.gate.switched_off else ""
    )
    return said + switched_off


def learning(e: JudgedEvaluation) -> str:
    """Say how the training went."""
    networks = len(e.training.epochs)
    kept = sorted(e.training.best_epochs)
    return (
        f"{networks} network{'s' if networks > 1 else ''} of one shape, on"
        f" {e.training.training_customers + e.training.validation_customers} customers; kept: epoch {kept[0]}"
        + (f" to {kept[-1]}." if len(kept) > 1 else ".")
    )


def ranking(e: JudgedEvaluation) -> str:
    """Say how well customers are ranked, beside the baselines."""
    others = ", ".join(f"{name} {number(report.measures.roc_auc)}" for name, report in e.baselines.items())
    return (
        f"Of a customer who left and one who stayed, the model ranks the right one higher in"
        f" {e.measures.roc_auc.value or 0:.1%} of pairs: ROC-AUC {number(e.measures.roc_auc)}; {others}."
    )


def precision_recall(e: JudgedEvaluation) -> str:
    """Say what the precision-recall curve comes to."""
    base = e.audit.churn_share or 0.0
    return (
        f"Average precision is {number(e.measures.pr_auc)}, where calling customers in any order"
        f" would give {base:.3f}."
    )


def confusion(e: JudgedEvaluation) -> str:
    """Say what the flags would do."""
    c = e.confusion
    flagged = c.true_positive + c.false_positive
    return (
        f"At the threshold {e.threshold:.3f} the model flags {flagged} of"
        f" {flagged + c.true_negative + c.false_negative} customers and finds {c.true_positive} of the"
        f" {c.true_positive + c.false_negative} who left: recall {number(e.measures.recall)},"
        f" precision {number(e.measures.precision)}, F1 {number(e.measures.f1)}."
    )


def moving(e: JudgedEvaluation) -> str:
    """Say what another threshold would do."""
    lower, higher = (min(e.evidence.thresholds, key=lambda t: abs(t.threshold - at)) for at in (0.2, 0.6))
    return (
        f"At {lower.threshold:.2f} one contacts {lower.contacted_share:.0%} of customers and finds"
        f" {lower.recall:.0%} of those who leave;"
        f" at {higher.threshold:.2f}, {higher.contacted_share:.0%} and {higher.recall:.0%}."
    )


def calibration(e: JudgedEvaluation) -> str:
    """Say whether a probability means what it says."""
    return (
        f"On average a probability is off by {number(e.measures.ece)} (expected calibration error);"
        f" a perfectly calibrated model shows about .02 on so few customers."
    )


def distribution(e: JudgedEvaluation) -> str:
    """Say how far outcomes lie apart."""
    return (
        f"Brier score {number(e.measures.brier)}, log loss {number(e.measures.log_loss)};"
        f" bars of fewer than ten customers are left out."
    )


def gains(e: JudgedEvaluation) -> str:
    """Say what the riskiest customers hold."""
    first, second = e.evidence.deciles[:2]
    return (
        f"The riskiest tenth leaves {first.lift:.1f} times as often as everyone:"
        f" {share(first.churn_share)} of them"
        f" left; contacting the riskiest fifth finds {second.gain:.0%} of all who leave."
    )


def influence(e: JudgedEvaluation) -> str:
    """Say which columns matter most."""
    most = [label_of(each) for each in e.evidence.influence[:3]]
    return f"Shuffled, {most[0]} costs most, then {most[1]} and {most[2]}."


def protected(e: JudgedEvaluation) -> str:
    """Say what leaving protected attributes out of the model would cost."""
    cost = e.protected
    if cost is None:
        return "Protected attributes are no inputs of the model."
    said = "no difference that can be told from chance"
    low, high = cost.difference.roc_auc.low, cost.difference.roc_auc.high
    if low is not None and high is not None and not low <= 0 <= high:
        said = "a cost" if low > 0 else "a gain"
    return (
        f"Fitted again without {' and '.join(cost.columns)}, everything else equal, the model shows {said}:"
        f" ROC-AUC with them minus without {number(cost.difference.roc_auc, 4)},"
        f" Brier score {number(cost.brier, 4)}, on {cost.difference.customers} holdout customers."
    )


def in_plain_words(e: JudgedEvaluation) -> str:
    """Say what drives the model to somebody who calls customers."""
    said = []
    for response in e.evidence.responses:
        if response.column in {column for each in e.evidence.influence[:4] for column in each.columns}:
            pairs = sorted(zip(response.probability, response.values, strict=True))
            (low, least), (high, most) = pairs[0], pairs[-1]
            said.append(
                f"With {response.column} at {most} for everyone the mean probability would be {high:.0%},"
                f" at {least} {low:.0%}."
            )
    return (
        "The model looks for customers who look like those who left. "
        + " ".join(said)
        + " These are associations, not causes: another contract does not make a customer stay."
    )


def reasons(e: JudgedEvaluation) -> str:
    """Say which columns move customers' logits most."""
    first, second, third = e.reasons.columns[:3]
    return (
        f"On average {first.column} moves a customer's logit most, by {first.mean_contribution:.2f}, then"
        f" {second.column} by {second.mean_contribution:.2f} and {third.column} by"
        f" {third.mean_contribution:.2f}."
    )


def example(e: WorkedExample) -> str:
    """Say who an invented customer is, the risk, and why."""
    row = e.row
    why = f"raised most by {', '.join(e.reasons)}" if e.reasons else "raised by nothing"
    return (
        f"Invented: {row['tenure']:g} months, {row['Contract']}, internet {row['InternetService']},"
        f" {row['MonthlyCharges']:g} a month. Risk {e.probability:.0%}, {why}."
    )


def agreement(e: JudgedEvaluation) -> str:
    """Say how far the baselines agree."""
    return "; ".join(
        f"{name}: rank correlation {each.rank_correlation:.2f}, the same flag for {each.same_flag_share:.0%}"
        for name, each in e.evidence.agreement.items()
    )
