"""Decide, under the operator's policy, whether the candidate may enter service."""

from schemas.closed import to_json
from schemas.config import GatePolicy
from schemas.reports import Evaluation, JudgedEvaluation
from tasks.core.bundle.bundle_files import EVALUATION, Bundle, Staged
from tasks.core.gate import judge
from tasks.core.report.summary import gate_reason
from tasks.core.steps import log, step
from tasks.core.storage.atomic import replace_file


@step("gate")
def gate(
    evaluation: Evaluation, policy: GatePolicy, champion: Bundle | None, staged: Staged
) -> JudgedEvaluation:
    """Judge the evaluation, log every check that does not pass, and stage evaluation.json."""
    decision = judge(
        evaluation,
        policy,
        champion_simulated=champion.manifest.simulated if champion is not None else None,
        champion_horizon=champion.manifest.horizon if champion is not None else None,
    )
    for check in decision.checks:
        if check.verdict != "pass":
            log.warning(
                "gate: %s (%s): %s, expected %s", check.name, check.verdict, check.observed, check.bound
            )
    log.info("gate: %s", decision.outcome)
    if reason := gate_reason(decision):
        log.info(reason)
    judged = JudgedEvaluation(**dict(evaluation), gate=decision)
    replace_file(staged.folder / EVALUATION, to_json(judged))
    return judged
