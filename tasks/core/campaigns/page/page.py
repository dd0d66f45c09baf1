"""Render a campaign as a self-contained page: no requests, no scripts, no customer rows."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.campaign_files import CampaignManifest, CurvePoint, Decision, Plan, Proposal
from tasks.core.campaigns.language import Language
from tasks.core.campaigns.page import charts
from tasks.core.campaigns.page.page_facts import (
    assumption_rows,
    decision_rows,
    groups_sentence,
    law_sentences,
    limit_of,
    origin_rows,
    power_sentences,
)
from tasks.core.campaigns.page.page_rows import funnel_rows, group_rows, reason_rows, risk_rows
from tasks.core.campaigns.page.page_text import PageText

PAGE: Final = "campaign.html"

_HTML: Final = Environment(
    loader=PackageLoader("tasks.core.campaigns.page", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_page(
    campaign: Proposal | CampaignManifest, *, timezone: str, decision: Decision | None = None
) -> str:
    """Render the page in the campaign's language, with points in time on the clocks of `timezone`.

    `decision` is how a proposal was decided, None while it is open; a manifest has its own.
    A manifest's `files` are listed with their hashes; the page itself cannot be among them.
    """
    c, plan = campaign.campaign, campaign.plan
    if isinstance(campaign, CampaignManifest):
        decision = campaign.decision
    language = Language(c.language)
    text = PageText(
        language,
        timezone,
        {
            "c": c,
            "p": plan,
            "contacts": campaign.contacts,
            "as_of": campaign.as_of,
            "objected": plan.funnel.not_eligible.get("objected", 0),
        },
    )
    groups = group_rows(plan.protected, text)
    return _HTML.get_template("page.html.jinja").render(
        t=text,
        c=c,
        p=plan,
        language=language,
        simulated=campaign.scores.simulated,
        status="proposed" if decision is None else decision.outcome,
        status_line=_status_line(campaign, decision, text),
        when=text.say("when", channel=text.words("channels")[c.channel]),
        limit=limit_of(c.budget, text),
        funnel=funnel_rows(plan.funnel, text, language),
        curve=_curve(plan, text, language),
        risk=risk_rows(plan, language),
        reasons=reason_rows(plan, text, language),
        groups=groups,
        groups_sentence=groups_sentence(groups, text),
        power=power_sentences(plan, text),
        assumptions=assumption_rows(campaign, text, language),
        law=law_sentences(campaign, text),
        decision=decision_rows(campaign, decision, text),
        origin=origin_rows(campaign, text, language),
    )


def _status_line(campaign: Proposal | CampaignManifest, decision: Decision | None, text: PageText) -> str:
    if decision is not None:
        return text.say("decided" if decision.by else "expired", decision=decision)
    assert isinstance(campaign, Proposal)  # a manifest has a decision
    return text.say("deadline", expires=campaign.expires_at)


def _curve(plan: Plan, text: PageText, language: Language) -> str:
    """Draw the profit by number of contacts, or nothing where no contact is profitable."""
    if not plan.curve:
        return ""
    cut = CurvePoint(contacts=plan.funnel.contacts, profit=plan.totals.expected_profit)
    return charts.curve(
        plan.curve,
        cut,
        language,
        charts.CurveText(
            title=text.say("curve_title"),
            description=text.say("curve_desc"),
            x=text.say("curve_x"),
            y=text.say("curve_y"),
            cut=text.say("curve_cut"),
        ),
    )
