"""Captions for the plots and tables; every number comes from evaluation.json."""

from schemas.evidence import WorkedExample
from schemas.measures import Measure
from schemas.reports import JudgedEvaluation
from tasks.core.intervals import with_interval
from tasks.core.report.plots import label_of


def number(measure: Measure, digits: int = 3) -> str:
    """Format a measure with its interval."""
    return with_interval(measure, missing="not measurable", digits=digits)


def share(measure: Measure) -> str:
    """Format a share with its interval, in per cent."""
    if measure.value is None or measure.low is None or measure.high is None:
        return "fewer than ten customers"
    return f"{measure.value:.0%} ({measure.low:.0%} to {measure.high:.0%})"


def verdict(e: JudgedEvaluation) -> str:
    """Summarise the decision of the gate."""
    summary = {
        "passed": "The candidate passed every blocking check.",
        "not proven": "No check failed, but a comparison is too close to call.",
        "refused": "The candidate was refused and is not in service.",
    }[e.gate.outcome]
    switched_off = (
        f" Not checked, by policy: {', '.join(e.gate.switched_off)}." if e.gate.switched_off else ""
    )
    return summary + switched_off


def learning(e: JudgedEvaluation) -> str:
    """Summarise the training."""
    networks = len(e.training.epochs)
    best = sorted(e.training.best_epochs)
    customers = e.training.training_customers + e.training.validation_customers
    epochs = f"epochs {best[0]} to {best[-1]}" if len(best) > 1 else f"epoch {best[0]}"
    return (
        f"{networks} network{'s' if networks > 1 else ''} of the same shape, trained on"
        f" {customers} customers; kept: {epochs}."
    )


def ranking(e: JudgedEvaluation) -> str:
    """Explain ROC-AUC, and compare it with the baselines."""
    others = ", ".join(f"{name} {number(report.measures.roc_auc)}" for name, report in e.baselines.items())
    return (
        f"In {e.measures.roc_auc.value or 0:.1%} of pairs of a churner and a stayer, the model ranks the"
        f" churner higher: ROC-AUC {number(e.measures.roc_auc)}; {others}."
    )


def precision_recall(e: JudgedEvaluation) -> str:
    """Summarise the precision-recall curve."""
    base = e.audit.churn_share or 0.0
    return (
        f"Average precision is {number(e.measures.pr_auc)}; calling customers in random order"
        f" would give {base:.3f}."
    )


def confusion(e: JudgedEvaluation) -> str:
    """Summarise the confusion matrix."""
    c = e.confusion
    flagged = c.true_positive + c.false_positive
    return (
        f"At a threshold of {e.threshold:.3f} the model flags {flagged} of"
        f" {flagged + c.true_negative + c.false_negative} customers and finds {c.true_positive} of the"
        f" {c.true_positive + c.false_negative} who churned: recall {number(e.measures.recall)},"
        f" precision {number(e.measures.precision)}, F1 {number(e.measures.f1)}."
    )


def moving(e: JudgedEvaluation) -> str:
    """Compare a lower and a higher threshold."""
    lower, higher = (min(e.evidence.thresholds, key=lambda t: abs(t.threshold - at)) for at in (0.2, 0.6))
    return (
        f"At {lower.threshold:.2f} one contacts {lower.contacted_share:.0%} of customers and finds"
        f" {lower.recall:.0%} of those who leave;"
        f" at {higher.threshold:.2f}, {higher.contacted_share:.0%} and {higher.recall:.0%}."
    )


def calibration(e: JudgedEvaluation) -> str:
    """Summarise the calibration."""
    return (
        f"Probabilities are off by {number(e.measures.ece)} on average (expected calibration error);"
        f" on so few customers, a perfectly calibrated model has about .02."
    )


def distribution(e: JudgedEvaluation) -> str:
    """Summarise the distribution of scores."""
    return (
        f"Brier score {number(e.measures.brier)}, log loss {number(e.measures.log_loss)};"
        f" bars with fewer than ten customers are omitted."
    )


def gains(e: JudgedEvaluation) -> str:
    """Summarise the gains among the riskiest customers."""
    first, second = e.evidence.deciles[:2]
    return (
        f"The riskiest tenth churns {first.lift:.1f} times as often as average:"
        f" {share(first.churn_share)} of them"
        f" churned; contacting the riskiest fifth reaches {second.gain:.0%} of all churners."
    )


def influence(e: JudgedEvaluation) -> str:
    """Name the most influential columns."""
    most = [label_of(each) for each in e.evidence.influence[:3]]
    return f"Shuffling {most[0]} costs most, then {most[1]} and {most[2]}."


def protected(e: JudgedEvaluation) -> str:
    """Report the cost of leaving protected attributes out of the model."""
    cost = e.protected
    if cost is None:
        return "Protected attributes are not inputs of the model."
    effect = "no difference beyond chance"
    low, high = cost.difference.roc_auc.low, cost.difference.roc_auc.high
    if low is not None and high is not None and not low <= 0 <= high:
        effect = "a cost" if low > 0 else "a gain"
    return (
        f"Fitted again without {' and '.join(cost.columns)}, everything else equal, the model shows {effect}:"
        f" ROC-AUC with them minus without {number(cost.difference.roc_auc, 4)},"
        f" Brier score {number(cost.brier, 4)}, on {cost.difference.customers} holdout customers."
    )


def in_plain_words(e: JudgedEvaluation) -> str:
    """Explain what drives the model to someone who calls customers."""
    sentences = []
    for response in e.evidence.responses:
        if response.column in {column for each in e.evidence.influence[:4] for column in each.columns}:
            pairs = sorted(zip(response.probability, response.values, strict=True))
            (low, least), (high, most) = pairs[0], pairs[-1]
            sentences.append(
                f"If {response.column} were {most} for everyone, the mean probability would be {high:.0%};"
                f" with {least}, {low:.0%}."
            )
    return (
        "The model looks for customers who resemble those who churned. "
        + " ".join(sentences)
        + " These are associations, not causes: a new contract alone would not make a customer stay."
    )


def reasons(e: JudgedEvaluation) -> str:
    """Name the columns with the largest contributions."""
    first, second, third = e.reasons.columns[:3]
    return (
        f"On average {first.column} moves a customer's logit most, by {first.mean_contribution:.2f}, then"
        f" {second.column} by {second.mean_contribution:.2f} and {third.column} by"
        f" {third.mean_contribution:.2f}."
    )


def example(e: WorkedExample) -> str:
    """Describe a made-up customer, the risk, and its reasons."""
    row = e.row
    why = f"raised most by {', '.join(e.reasons)}" if e.reasons else "nothing raises it"
    return (
        f"Made up: {row['tenure']:g} months, {row['Contract']}, internet {row['InternetService']},"
        f" {row['MonthlyCharges']:g} a month. Risk {e.probability:.0%}, {why}."
    )


def agreement(e: JudgedEvaluation) -> str:
    """Summarise how far the baselines agree with the candidate."""
    return "; ".join(
        f"{name}: rank correlation {each.rank_correlation:.2f}, same flag for {each.same_flag_share:.0%}"
        for name, each in e.evidence.agreement.items()
    )
