"""Summarise a campaign's plan on one screen, with the same text in the terminal, the log and the UI."""

from schemas.campaign import Campaign, ChargesValue
from schemas.campaign_files import Plan, ScoresUsed
from schemas.manifest import ContactsUsed
from tasks.core.horizon import horizon_text
from tasks.core.report.summary import SIMULATED, markdown_table

_EXCLUDED = {
    "objected": "objected",
    "out_of_domain": "outside the model's domain",
    "risk": "risk too low",
    "no_basis": "no basis for the channel",
    "rests": "chosen recently",
    "no_value": "value unknown",
}


def plan_page(campaign: Campaign, plan: Plan, scores: ScoresUsed, contacts: ContactsUsed) -> str:
    """Write whom a campaign would contact, what it can show, and what it assumes, as Markdown."""
    funnel, totals = plan.funnel, plan.totals
    rows = [
        ["scored", f"{funnel.scored:,}"],
        *([f"not eligible: {_EXCLUDED[why]}", f"{count:,}"] for why, count in funnel.not_eligible.items()),
        ["below the cut", f"{funnel.below_cut:,}"],
        ["  of these, cost more than they bring", f"{funnel.unprofitable:,}"],
        ["control group", f"{funnel.controls:,}"],
        ["contacts", f"{funnel.contacts:,}"],
    ]
    return "\n".join(
        [
            *([f"**{SIMULATED}**", ""] if scores.simulated else []),
            markdown_table([f"campaign {campaign.id}", "customers"], rows),
            "",
            f"Expected profit {totals.expected_profit:,.2f}, cost {totals.expected_cost:,.2f}: assumptions.",
            _power(plan),
            _assumptions(campaign, scores),
            f"Ids on the list of objections: {contacts.objections:,}; bad rows: {contacts.quarantined:,}.",
        ]
    )


def _power(plan: Plan) -> str:
    power = plan.power
    if power.smallest_effect is None or power.control_churn is None or power.power is None:
        return "Power: without both groups no effect can be measured."
    needed = "no number" if power.customers_needed is None else f"{power.customers_needed:,}"
    return (
        f"Power: with {power.contacts:,} contacts and {power.controls:,} controls, of whom"
        f" {power.control_churn:.1%} are assumed to leave without a contact, a drop of"
        f" {100 * power.smallest_effect:.1f} points or more is detected with 80% probability, and a relative"
        f" drop of {power.relative_effect:.0%} with {power.power:.0%}. For 80% it needs {needed} customers,"
        " contacts and controls together."
    )


def _assumptions(campaign: Campaign, scores: ScoresUsed) -> str:
    value = campaign.value
    worth = (
        f"value MonthlyCharges x {value.margin:g} x {value.months:g} months"
        if isinstance(value, ChargesValue)
        else f"value from column '{value.column}'"
    )
    return (
        f"Assumed: {campaign.acceptance:.0%} of leavers accept; {worth}; incentive {campaign.incentive:g};"
        f" contact {campaign.contact_cost:g}; horizon {horizon_text(scores.horizon)}."
    )
