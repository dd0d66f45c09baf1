"""The gate: judge an evaluation under the operator's policy. A refusal is a result, not an error."""

import math
from collections.abc import Iterator
from typing import Final, Literal

from schemas.baselines import LOGISTIC_REGRESSION
from schemas.columns import PROTECTED
from schemas.config import GatePolicy
from schemas.horizon import Horizon
from schemas.reports import Evaluation, GateCheck, GateDecision, PairedDifference, TeacherReport, Verdict
from tasks.core.horizon import are_comparable, horizon_text, is_declared
from tasks.core.intervals import with_interval

PLAIN_BASELINE: Final = LOGISTIC_REGRESSION
"""The baseline a candidate must not be worse than."""

FEWEST_COMPARED: Final = 100
"""Customers; with fewer unseen ones the comparison with the champion is inconclusive."""

_MISSING: Final = "missing"
_SAME_HORIZON: Final = "the same horizon"


def judge(
    evaluation: Evaluation,
    policy: GatePolicy,
    *,
    champion_simulated: bool | None,
    champion_horizon: Horizon | None,
) -> GateDecision:
    """Run every check the policy enables, then decide.

    `champion_simulated` says whether the champion in service was trained on simulated
    customers; it is None if there is no champion. `champion_horizon` is None for a champion sealed
    without one, too. The gate fails closed: a missing or non-finite metric never passes a check that
    reads it.
    """
    checks = tuple(
        check
        for check in _checks(evaluation, policy, champion_simulated, champion_horizon)
        if check.name not in policy.switched_off
    )
    verdicts = {check.verdict for check in checks if check.kind == "block"}
    outcome: Literal["passed", "not proven", "refused"] = "passed"
    if "fail" in verdicts:
        outcome = "refused"
    elif "not proven" in verdicts:
        outcome = "not proven" if policy.not_proven == "promote" else "refused"
    return GateDecision(
        outcome=outcome, checks=checks, switched_off=policy.switched_off, promotes=outcome != "refused"
    )


def _checks(
    evaluation: Evaluation,
    policy: GatePolicy,
    champion_simulated: bool | None,
    champion_horizon: Horizon | None,
) -> Iterator[GateCheck]:
    measures = evaluation.measures
    roc_auc, f1 = _known(measures.roc_auc.value), _known(measures.f1.value)
    shown_auc, shown_f1 = (with_interval(each, _MISSING) for each in (measures.roc_auc, measures.f1))
    good = False
    if roc_auc is not None and f1 is not None:
        good = roc_auc >= policy.min_roc_auc or f1 >= policy.min_f1
    yield GateCheck(
        name="headline",
        kind="block",
        observed=f"ROC-AUC {shown_auc}, F1 {shown_f1}",
        bound=f"ROC-AUC >= {policy.min_roc_auc:g} or F1 >= {policy.min_f1:g}",
        verdict="pass" if good else "fail",
    )
    parity = _known(evaluation.parity.max_difference)
    yield GateCheck(
        name="parity",
        kind="block",
        observed="not finite" if parity is None else f"{parity:.1e} on {evaluation.parity.rows} customers",
        bound=f"<= {policy.max_parity_difference:g}",
        verdict="pass" if parity is not None and parity <= policy.max_parity_difference else "fail",
    )
    if evaluation.teacher is not None:
        yield _student(evaluation.teacher, policy)
    baseline = evaluation.compared.get(PLAIN_BASELINE)
    yield _not_inferior("baseline", baseline.difference if baseline else None, policy.auc_margin)
    if not are_comparable(evaluation.horizon, champion_horizon):
        yield GateCheck(
            name="champion", kind="warn", observed="not compared", bound=_SAME_HORIZON, verdict="warn"
        )
    elif evaluation.champion is not None:
        yield _not_inferior("champion", evaluation.champion.difference, policy.auc_margin)
    yield _horizon(evaluation.horizon, champion_horizon, first=champion_simulated is None)
    yield GateCheck(
        name="simulated",
        kind="block",
        observed=f"candidate {_origin(evaluation.simulated)}, champion {_origin(champion_simulated)}",
        bound="simulated never replaces real",
        verdict="fail" if evaluation.simulated and champion_simulated is False else "pass",
    )
    low = _known(measures.roc_auc.low)
    yield _warning(
        "auc_lower_bound",
        low,
        f">= {policy.min_roc_auc:g}",
        good=low is not None and low >= policy.min_roc_auc,
    )
    ece = _known(measures.ece.value)
    yield _warning(
        "calibration", ece, f"ECE <= {policy.max_ece:g}", good=ece is not None and ece <= policy.max_ece
    )
    gap = _largest_recall_gap(evaluation)
    yield _warning(
        "slices",
        gap,
        f"recall gap <= {policy.max_slice_gap:g}",
        good=gap is not None and gap <= policy.max_slice_gap,
    )


def _not_inferior(name: str, difference: PairedDifference | None, margin: float) -> GateCheck:
    """Judge a paired difference in ROC-AUC by its 95 % interval.

    Source: non-inferiority test with a fixed margin; the interval decides, not the point.
    """
    verdict: Verdict = "fail"
    observed = _MISSING
    if difference is not None:
        auc = difference.roc_auc
        low, high = _known(auc.low), _known(auc.high)
        observed = f"{with_interval(auc, _MISSING, sign='+')} on {difference.customers} customers"
        if name == "champion" and difference.customers < FEWEST_COMPARED:
            verdict = "not proven"
        elif _known(auc.value) is not None and low is not None and high is not None:
            verdict = "pass" if low > -margin else "fail" if high < -margin else "not proven"
    bound = f"ROC-AUC difference > {-margin:g} (95 %)"
    return GateCheck(name=name, kind="block", observed=observed, bound=bound, verdict=verdict)


def _horizon(candidate: Horizon | None, champion: Horizon | None, *, first: bool) -> GateCheck:
    """Judge whether both predict departures within the same time; an assumption refuses nothing."""
    verdict: Verdict = "warn"
    if not are_comparable(candidate, champion):
        verdict = "fail"
    elif first or (candidate is not None and champion is not None and candidate.days == champion.days):
        verdict = "pass"
    opponent = "none" if first else horizon_text(champion)
    return GateCheck(
        name="horizon",
        kind="block" if is_declared(candidate) and is_declared(champion) else "warn",
        observed=f"candidate {horizon_text(candidate)}, champion {opponent}",
        bound=_SAME_HORIZON,
        verdict=verdict,
    )


def _student(teacher: TeacherReport, policy: GatePolicy) -> GateCheck:
    """Judge whether the student gives its teacher's probabilities and first reasons."""
    difference, same = _known(teacher.mean_difference), _known(teacher.same_first_reason)
    follows = (
        difference is not None
        and same is not None
        and difference <= policy.max_student_difference
        and same >= policy.min_same_first_reason
    )
    shown = _MISSING
    if difference is not None and same is not None:
        shown = f"probability differs by {difference:.4f}, same first reason for {same:.1%}"
    return GateCheck(
        name="student",
        kind="block",
        observed=shown,
        bound=f"<= {policy.max_student_difference:g} and >= {policy.min_same_first_reason:.0%}",
        verdict="pass" if follows else "fail",
    )


def _warning(name: str, observed: float | None, bound: str, *, good: bool) -> GateCheck:
    shown = _MISSING if observed is None else f"{observed:.3f}"
    return GateCheck(name=name, kind="warn", observed=shown, bound=bound, verdict="pass" if good else "warn")


def _largest_recall_gap(evaluation: Evaluation) -> float | None:
    """Find the largest gap in recall between groups of a protected attribute; None if none has two groups."""
    gaps = []
    for column in PROTECTED:
        groups = evaluation.slices.get(column, {}).values()
        recalls = [recall for group in groups if (recall := _known(group.recall.value)) is not None]
        gaps += [max(recalls) - min(recalls)] if len(recalls) > 1 else []
    return max(gaps, default=None)


def _known(value: float | None) -> float | None:
    """Treat a non-finite number as missing."""
    return value if value is not None and math.isfinite(value) else None


def _origin(simulated: bool | None) -> str:
    return "none" if simulated is None else "simulated" if simulated else "real"
