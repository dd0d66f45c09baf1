import math
from typing import TypedDict

import pytest

from schemas.config import GatePolicy
from schemas.horizon import Horizon
from schemas.measures import Measure
from schemas.reports import (
    ChampionReport,
    Confusion,
    Evaluation,
    GateCheck,
    Measures,
    ModelReport,
    PairedDifference,
    Parity,
    SliceReport,
    TeacherReport,
)
from tasks.core.gate import PLAIN_BASELINE, judge
from tests.harness.evaluation import cross_fit

NAN = math.nan
UNPLACED = Measure(value=None, low=0.0, high=0.1)
NOTHING = Measure(value=None, low=None, high=None)


class Opponent(TypedDict):
    """What the gate knows about the champion, besides its measures."""

    champion_simulated: bool | None
    champion_horizon: Horizon | None


def around(value: float | None, half_width: float = 0.01) -> Measure:
    """Make a measure with an interval; None gives a missing measure, NaN an invalid one."""
    if value is None:
        return NOTHING
    if math.isnan(value):
        return Measure.model_construct(value=value, low=value, high=value)
    return Measure(value=value, low=value - half_width, high=value + half_width)


def measures(**values: float | None) -> Measures:
    """Make metrics that pass, except those given."""
    good = dict.fromkeys(Measures.model_fields, 0.7) | {"roc_auc": 0.85, "f1": 0.63, "ece": 0.02}
    return Measures.model_construct(**{name: around(value) for name, value in (good | values).items()})


def difference(value: float | None, half_width: float, customers: int = 1_000) -> PairedDifference:
    """Make a paired difference of ROC-AUC."""
    return PairedDifference.model_construct(customers=customers, roc_auc=around(value, half_width))


BETTER = difference(0.006, 0.004)
ASSUMED = Horizon(days=30, source="assumed")
MONTH = Horizon(days=30, source="declared")
SEASON = Horizon(days=90, source="declared")
CHAMPION = Opponent(champion_simulated=False, champion_horizon=MONTH)
NO_CHAMPION = Opponent(champion_simulated=None, champion_horizon=None)
CONFUSION = Confusion(true_negative=1, false_positive=1, false_negative=1, true_positive=1)
PARITY = Parity(rows=1_000, batch_sizes=(0, 1, 2), max_difference=1e-7)


def model(difference: PairedDifference) -> ModelReport:
    """Make a baseline's report."""
    return ModelReport.model_construct(measures=measures(), confusion=CONFUSION, difference=difference)


def champion(difference: PairedDifference) -> ChampionReport:
    """Make the champion's report."""
    return ChampionReport.model_construct(**dict(model(difference)), bundle_id="0" * 16, same_model=False)


def teacher(difference: float | None, same_first_reason: float) -> TeacherReport:
    """Make the report on a student's teacher."""
    return TeacherReport.model_construct(
        **dict(model(BETTER)),
        mean_difference=difference,
        same_first_reason=same_first_reason,
        shared_reasons=1.0,
    )


def group(recall: float | None) -> SliceReport:
    """Make a group of customers with a recall."""
    return SliceReport.model_construct(
        customers=100,
        churn_share=0.3,
        flagged_share=0.4,
        recall=around(recall),
        false_positive_rate=around(0.2),
    )


def evaluation(**changes: object) -> Evaluation:
    """Make an evaluation that passes, except for the changes."""
    values: dict[str, object] = {
        "simulated": False,
        "horizon": MONTH,
        "threshold": 0.5,
        "measures": measures(),
        "confusion": CONFUSION,
        "baselines": {PLAIN_BASELINE: model(BETTER)},
        "champion": champion(BETTER),
        "teacher": None,
        "cross_fit": None,
        "slices": {"gender": {"Female": group(0.7), "Male": group(0.75)}},
        "parity": PARITY,
    }
    return Evaluation.model_construct(**(values | changes))  # type: ignore[arg-type]


def checks(evaluation: Evaluation, policy: GatePolicy | None = None) -> dict[str, GateCheck]:
    """Judge against a real champion; return the checks by name."""
    decision = judge(evaluation, policy or GatePolicy(), **CHAMPION)
    return {check.name: check for check in decision.checks}


def test_a_good_candidate_passes_every_check() -> None:
    """Nine checks, all passed."""
    decision = judge(evaluation(), GatePolicy(), **CHAMPION)

    assert decision.outcome == "passed"
    assert decision.promotes
    assert {check.verdict for check in decision.checks} == {"pass"}
    assert len(decision.checks) == 9


@pytest.mark.parametrize(
    ("name", "changes", "verdict"),
    [
        ("headline", {"measures": measures(roc_auc=0.79, f1=0.61)}, "pass"),
        ("headline", {"measures": measures(roc_auc=0.80, f1=0.10)}, "pass"),
        ("headline", {"measures": measures(roc_auc=0.79, f1=0.59)}, "fail"),
        ("headline", {"measures": measures(roc_auc=None, f1=None)}, "fail"),
        ("headline", {"measures": measures(roc_auc=None, f1=0.61)}, "fail"),
        ("headline", {"measures": measures(roc_auc=0.85, f1=None)}, "fail"),
        ("headline", {"measures": measures(roc_auc=NAN, f1=0.61)}, "fail"),
        ("headline", {"measures": measures(roc_auc=0.85, f1=NAN)}, "fail"),
        ("parity", {"parity": PARITY.model_copy(update={"max_difference": 2e-5})}, "fail"),
        ("parity", {"parity": PARITY.model_copy(update={"max_difference": None})}, "fail"),
        ("parity", {"parity": PARITY.model_copy(update={"max_difference": NAN})}, "fail"),
        ("baseline", {"baselines": {PLAIN_BASELINE: model(difference(-0.001, 0.003))}}, "pass"),
        ("baseline", {"baselines": {PLAIN_BASELINE: model(difference(-0.001, 0.006))}}, "not proven"),
        ("baseline", {"baselines": {PLAIN_BASELINE: model(difference(-0.012, 0.006))}}, "fail"),
        ("baseline", {"baselines": {PLAIN_BASELINE: model(difference(None, 0.0))}}, "fail"),
        ("baseline", {"baselines": {PLAIN_BASELINE: model(difference(NAN, 0.0))}}, "fail"),
        ("baseline", {"baselines": {}}, "fail"),
        ("champion", {"champion": champion(difference(-0.012, 0.006))}, "fail"),
        ("champion", {"champion": champion(difference(-0.001, 0.006))}, "not proven"),
        ("champion", {"champion": champion(difference(-0.5, 0.006, customers=99))}, "not proven"),
        ("champion", {"champion": champion(difference(None, 0.0))}, "fail"),
        ("champion", {"champion": champion(difference(NAN, 0.0))}, "fail"),
        ("champion", {"champion": champion(PairedDifference(customers=1_000, roc_auc=UNPLACED))}, "fail"),
        ("simulated", {"simulated": True}, "fail"),
        ("auc_lower_bound", {"measures": measures(roc_auc=0.805)}, "warn"),
        ("calibration", {"measures": measures(ece=0.051)}, "warn"),
        ("calibration", {"measures": measures(ece=None)}, "warn"),
        ("calibration", {"measures": measures(ece=NAN)}, "warn"),
        ("slices", {"slices": {"SeniorCitizen": {"0": group(0.5), "1": group(0.71)}}}, "warn"),
        ("slices", {"slices": {"SeniorCitizen": {"0": group(0.5), "1": group(None)}}}, "warn"),
        ("slices", {"slices": {"SeniorCitizen": {"0": group(0.5), "1": group(NAN)}}}, "warn"),
        ("slices", {"slices": {"Contract": {"One year": group(0.1), "Two year": group(0.9)}}}, "warn"),
        ("slices", {"slices": {}}, "warn"),
        (
            "slices",
            {
                "slices": {
                    "gender": {"Female": group(0.7), "Male": group(0.75)},
                    "SeniorCitizen": {"0": group(0.5)},
                    "Contract": {"One year": group(0.1), "Two year": group(0.9)},
                }
            },
            "pass",
        ),
    ],
)
def test_one_check_at_a_time(name: str, changes: dict[str, object], verdict: str) -> None:
    """Each check has its own bound; what is missing never passes a blocking check."""
    found = checks(evaluation(**changes))

    assert found[name].verdict == verdict
    refused = verdict == "fail"
    assert judge(evaluation(**changes), GatePolicy(), **CHAMPION).promotes is not refused


@pytest.mark.parametrize(
    ("low", "high", "holdout", "verdict"),
    [
        (0.001, 0.003, difference(-0.5, 0.001), "pass"),
        (-0.007, 0.003, BETTER, "not proven"),
        (-0.009, -0.006, BETTER, "fail"),
    ],
)
def test_the_baseline_is_judged_over_the_folds(
    low: float, high: float, holdout: PairedDifference, verdict: str
) -> None:
    """Whatever the holdout says: the folds' interval comes from all customers."""
    of_holdout = {PLAIN_BASELINE: model(holdout)}
    found = checks(evaluation(baselines=of_holdout, cross_fit=cross_fit(low, high, customers=5_678)))
    alone = checks(evaluation(baselines=of_holdout))

    assert found["baseline"].verdict == verdict
    assert found["baseline"].observed.endswith(f"({low:+.3f} to {high:+.3f}) on 5678 customers")
    assert alone["baseline"].verdict != verdict
    assert alone["baseline"].observed.endswith("on 1000 customers")


def test_folds_without_the_baseline_do_not_pass() -> None:
    """A baseline that is missing from the folds fails the check; the holdout is not used instead."""
    folds = cross_fit(0.001, 0.003).model_copy(update={"baselines": {}})

    assert checks(evaluation(cross_fit=folds))["baseline"].verdict == "fail"


@pytest.mark.parametrize("value", [None, NAN])
def test_a_missing_lower_bound_is_a_warning_of_its_own(value: float | None) -> None:
    """Without ROC-AUC its bound is not met either; the headline is what refuses."""
    found = checks(evaluation(measures=measures(roc_auc=value)))

    assert (found["auc_lower_bound"].verdict, found["auc_lower_bound"].observed) == ("warn", "missing")
    assert (found["headline"].verdict, found["headline"].observed[:15]) == ("fail", "ROC-AUC missing")


def test_nothing_to_compare_is_said() -> None:
    """A recall gap that cannot be computed is missing, not zero."""
    assert checks(evaluation(slices={}))["slices"].observed == "missing"


def test_what_is_not_proven_is_the_policys_choice() -> None:
    """By default it is promoted and flagged; a strict policy refuses it."""
    unproven = evaluation(champion=champion(difference(-0.001, 0.006)))

    lenient = judge(unproven, GatePolicy(), **CHAMPION)
    strict = judge(unproven, GatePolicy(not_proven="refuse"), **CHAMPION)

    assert (lenient.outcome, lenient.promotes) == ("not proven", True)
    assert (strict.outcome, strict.promotes) == ("refused", False)


def test_what_is_switched_off_is_said() -> None:
    """A check that is switched off is not made, and listed."""
    poor = evaluation(measures=measures(roc_auc=0.5, f1=0.1))

    decision = judge(poor, GatePolicy(switched_off=("headline",)), **CHAMPION)

    assert decision.outcome == "passed"
    assert decision.switched_off == ("headline",)
    assert "headline" not in {check.name for check in decision.checks}


def test_no_champion_is_no_opponent() -> None:
    """A first candidate is judged without one, simulated or not."""
    decision = judge(evaluation(champion=None, simulated=True), GatePolicy(), **NO_CHAMPION)

    assert decision.outcome == "passed"
    assert "champion" not in {check.name for check in decision.checks}


def test_what_was_observed_is_shown_with_its_interval_where_it_has_one() -> None:
    """To three places, a difference with its sign; a metric without an interval is shown alone."""
    bare = measures().model_copy(update={"roc_auc": Measure(value=0.85, low=None, high=None)})
    found = checks(evaluation(measures=bare))

    assert found["headline"].observed == "ROC-AUC 0.850, F1 0.630 (0.620 to 0.640)"
    assert found["champion"].observed == "+0.006 (+0.002 to +0.010) on 1000 customers"
    assert found["auc_lower_bound"].observed == "missing"


@pytest.mark.parametrize(
    ("difference", "same", "verdict"),
    [
        (0.005, 0.95, "pass"),
        (0.0051, 1.0, "fail"),
        (0.0, 0.949, "fail"),
        (None, 1.0, "fail"),
        (NAN, 1.0, "fail"),
        (0.0, NAN, "fail"),
    ],
)
def test_a_student_follows_its_teacher(difference: float | None, same: float, verdict: str) -> None:
    """In probability and first reason, at the bound and beyond; without a teacher nothing is checked."""
    decision = judge(evaluation(teacher=teacher(difference, same)), GatePolicy(), **CHAMPION)
    (check,) = [each for each in decision.checks if each.name == "student"]

    assert (check.kind, check.verdict) == ("block", verdict)
    assert decision.promotes is (verdict == "pass")
    assert "student" not in {each.name for each in judge(evaluation(), GatePolicy(), **CHAMPION).checks}


@pytest.mark.parametrize(
    ("candidate", "champion", "verdict", "observed"),
    [
        (SEASON, MONTH, "fail", "candidate 90 days (declared), champion 30 days (declared)"),
        (MONTH, MONTH, "pass", "candidate 30 days (declared), champion 30 days (declared)"),
        (ASSUMED, MONTH, "pass", "candidate 30 days (assumed), champion 30 days (declared)"),
        (SEASON, ASSUMED, "warn", "candidate 90 days (declared), champion 30 days (assumed)"),
        (ASSUMED, SEASON, "warn", "candidate 30 days (assumed), champion 90 days (declared)"),
        (MONTH, None, "warn", "candidate 30 days (declared), champion not declared"),
        (ASSUMED, None, "warn", "candidate 30 days (assumed), champion not declared"),
    ],
)
def test_only_two_declared_horizons_refuse(
    candidate: Horizon, champion: Horizon | None, verdict: str, observed: str
) -> None:
    """An assumed one, or a champion sealed without one, warns if the days differ or are unknown."""
    decision = judge(
        evaluation(horizon=candidate), GatePolicy(), champion_simulated=False, champion_horizon=champion
    )
    (check,) = [each for each in decision.checks if each.name == "horizon"]

    assert (check.verdict, check.observed) == (verdict, observed)
    assert decision.promotes is (verdict != "fail")


@pytest.mark.parametrize("candidate", [ASSUMED, SEASON])
def test_a_first_candidate_may_have_any_horizon(candidate: Horizon) -> None:
    """Without a champion there is nothing it could differ from."""
    decision = judge(evaluation(champion=None, horizon=candidate), GatePolicy(), **NO_CHAMPION)
    (check,) = [each for each in decision.checks if each.name == "horizon"]

    assert (check.verdict, check.observed[-15:]) == ("pass", ", champion none")


@pytest.mark.parametrize("compared", [None, champion(difference(0.1, 0.001))])
def test_another_horizon_is_not_compared_even_if_the_check_is_off(compared: ChampionReport | None) -> None:
    """Switching it off lets the candidate through; whether it is better is left open, and shown as such."""
    decision = judge(
        evaluation(champion=compared, horizon=SEASON), GatePolicy(switched_off=("horizon",)), **CHAMPION
    )
    (check,) = [each for each in decision.checks if each.name == "champion"]

    assert (decision.outcome, decision.switched_off) == ("passed", ("horizon",))
    assert (check.kind, check.verdict, check.observed) == ("warn", "warn", "not compared")
    assert "horizon" not in {each.name for each in decision.checks}
