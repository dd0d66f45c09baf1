"""The page's sentences and lists about assumptions, power, law, decision and origin."""

from schemas.campaign import Budget, ChargesValue
from schemas.campaign_files import CampaignManifest, Decision, Plan, Proposal
from tasks.core.campaigns.choice.power import WANTED_POWER
from tasks.core.campaigns.language import Language
from tasks.core.campaigns.page.page_rows import GroupRow
from tasks.core.campaigns.page.page_text import PageText

Named = list[tuple[str, str]]
"""Names with their values, in the order in which they are shown."""


def limit_of(budget: Budget, text: PageText) -> str:
    """Return what ends the list."""
    if budget.contacts is None:
        return text.say("limit_none" if budget.money is None else "limit_money")
    return text.say("limit_contacts" if budget.money is None else "limit_both")


def power_sentences(plan: Plan, text: PageText) -> list[str]:
    """Return what the campaign can show and what it cannot."""
    power = plan.power
    said: list[str] = []
    if power.smallest_effect is None:
        said.append(text.say("power_none"))
    else:
        said.append(text.say("power_seen"))
        seen = power.power is not None and power.power >= WANTED_POWER
        said.append(text.say("power_relative" if seen else "power_unseen"))
    if power.customers_needed is not None and (power.power is None or power.power < WANTED_POWER):
        said.append(text.say("power_needed"))
    return [*said, text.say("power_sticky")] if plan.funnel.controls else said


def groups_sentence(rows: list[GroupRow], text: PageText) -> str:
    """Return the verdict on all protected groups together."""
    more = [row.name for row in rows if row.verdict == "more"]
    less = [row.name for row in rows if row.verdict in ("less", "absent")]
    if more or less:
        return text.say("verdict_some", more=more, less=less)
    return text.say("verdict_none" if any(row.verdict == "none" for row in rows) else "verdict_few")


def assumption_rows(campaign: Proposal | CampaignManifest, text: PageText, language: Language) -> Named:
    """Return everything that the expected profit rests on."""
    c, names = campaign.campaign, text.words("assumptions")
    value: Named
    if isinstance(c.value, ChargesValue):
        value = [
            (names["margin"], language.percent(c.value.margin)),
            (
                names["months"],
                language.decimal(c.value.months, 0 if c.value.months == round(c.value.months) else 1),
            ),
        ]
    else:
        value = [(names["file"], c.value.column)]
    return [
        (names["acceptance"], language.percent(c.acceptance)),
        *value,
        (names["incentive"], language.decimal(c.incentive, 2)),
        (names["contact_cost"], language.decimal(c.contact_cost, 2)),
        (names["horizon"], language.horizon(campaign.scores.horizon)),
        (names["calibration"], text.say("calibration")),
    ]


def law_sentences(campaign: Proposal | CampaignManifest, text: PageText) -> list[str]:
    """Return what the law asks for, and how it is met or who has to confirm it."""
    c, names = campaign.campaign, text.words("bases")
    channel = text.words("channels")[c.channel]
    bases = ", ".join(names[basis] for basis in c.eligibility.bases)
    return [
        text.say("objections"),
        text.say("bases", channel=channel, bases=bases) if bases else text.say("no_bases", channel=channel),
        text.say("counsel"),
        *([text.say("hours")] if c.channel == "phone" else []),
        text.say("human"),
    ]


def decision_rows(campaign: Proposal | CampaignManifest, decision: Decision | None, text: PageText) -> Named:
    """Return when the campaign was proposed and when that expires, or who decided what and when."""
    names, rows = text.words("decision"), Named()
    if isinstance(campaign, Proposal):
        rows += [
            (names["proposed_at"], text.instant(campaign.proposed_at)),
            (names["expires_at"], text.instant(campaign.expires_at)),
        ]
    if decision is not None:
        rows += [
            (names["outcome"], names[decision.outcome]),
            (names["by"], decision.by or names["nobody"]),
            (names["at"], text.instant(decision.at)),
            (names["comment"], decision.comment or names["no_comment"]),
        ]
    if isinstance(campaign, CampaignManifest):
        rows.append((names["proposed"], text.say("as_proposed", seen=campaign.proposed)))
    return rows


def origin_rows(campaign: Proposal | CampaignManifest, text: PageText, language: Language) -> Named:
    """Return what identifies the campaign and everything it was made from."""
    names, scores, contacts = text.words("origin"), campaign.scores, campaign.contacts
    missing = text.word("none")
    rows = [
        (names["proposal"], campaign.name if isinstance(campaign, Proposal) else campaign.proposal),
        (names["scores"], scores.folder),
        (names["scores_sha256"], scores.manifest_sha256),
        (names["extract"], scores.extract_id),
        (names["bundle"], scores.bundle_id),
        (names["model"], scores.model_id or missing),
        (names["campaign"], campaign.campaign_sha256),
        (names["objections"], contacts.objections_id),
        (names["bases"], contacts.basis_id or missing),
        (names["experiment"], campaign.campaign.experiment.id),
    ]
    if isinstance(campaign, Proposal):
        return rows
    versions = ", ".join(f"{name} {version}" for name, version in campaign.versions.items())
    files = [(name, seal.sha256) for name, seal in campaign.files.items()]
    return [
        *rows,
        (names["versions"], versions),
        (names["expires_on"], language.day(campaign.expires_on)),
        *files,
    ]
