"""Sum up a selection: the plan that people decide on."""

import numpy as np

from schemas.campaign import Campaign
from schemas.campaign_files import Plan, Totals
from schemas.columns import CATEGORIES, PROTECTED
from tasks.core.campaigns.choice.power import plan_power
from tasks.core.campaigns.choice.ranking import MICRO, in_millionths
from tasks.core.campaigns.choice.selection import Selected
from tasks.core.campaigns.choice.tallies import Tally, protected_shares, reason_counts, risk_bins


def make_plan(selected: Selected, campaign: Campaign) -> Plan:
    """Sum up whom a campaign contacts, at what cost, for what expected profit, and what it can show."""
    contacts, profit, cost, risk, risk_of_all = Tally(), 0, 0, 0, 0
    for details, _, is_control in selected.everyone():
        risk_of_all += int(in_millionths(details["probability"]).sum())
        ours = details[~is_control]
        risk += int(in_millionths(ours["probability"]).sum())
        profit += int(in_millionths(ours["profit"]).sum())
        cost += int(in_millionths(ours["cost"]).sum())
        codes = ours["codes"]
        columns = list(CATEGORIES)
        contacts.add(
            np.ascontiguousarray(ours["probability"]),
            ours["reasons"][:, 0],
            ((column, codes[:, columns.index(column)]) for column in PROTECTED),
        )
    funnel = selected.funnel
    churn = _mean(risk_of_all, len(selected.chosen.places))
    return Plan(
        funnel=funnel,
        totals=Totals(
            expected_profit=profit / MICRO,
            expected_cost=cost / MICRO,
            mean_probability=_mean(risk, funnel.contacts),
        ),
        power=plan_power(funnel.contacts, funnel.controls, churn, campaign.experiment.control_share),
        curve=selected.ranking.curve(),
        risk=risk_bins(selected.everybody, contacts),
        reasons=reason_counts(selected.everybody, contacts),
        protected=protected_shares(selected.everybody, selected.eligible, contacts),
    )


def _mean(millionths: int, count: int) -> float | None:
    return millionths / MICRO / count if count else None
