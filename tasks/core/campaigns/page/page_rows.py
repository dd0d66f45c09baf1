"""The rows of the page's tables, with their bars: from a plan's counts to text."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.campaign_files import EXCLUSIONS, Funnel, GroupShare, Plan
from tasks.core.campaigns.language import Language
from tasks.core.campaigns.page import charts
from tasks.core.campaigns.page.page_text import PageText
from tasks.core.campaigns.page.verdicts import Verdict, group_verdict


@dataclass(frozen=True)
class FunnelRow:
    """A group of customers: `kind` is all, out, eligible, control or list."""

    kind: str
    name: str
    count: str
    share: str
    bar: str


@dataclass(frozen=True)
class ComparedRow:
    """Something counted among everybody and on the list, with bars for its share of each."""

    name: str
    everybody: str
    contacts: str
    bars: tuple[str, str]


@dataclass(frozen=True)
class GroupRow:
    """A protected group's shares, with the verdict."""

    name: str
    everybody: str
    eligible: str
    contacts: str
    strip: str
    verdict: Verdict


def funnel_rows(funnel: Funnel, text: PageText, language: Language) -> list[FunnelRow]:
    """Return every group, from everybody scored to the contacts, without exclusions of nobody."""
    counts: list[tuple[str, str, int]] = [("all", "scored", funnel.scored)]
    counts += [("out", name, funnel.not_eligible.get(name, 0)) for name in EXCLUSIONS]
    counts += [
        ("eligible", "eligible", funnel.eligible),
        ("out", "below_cut", funnel.below_cut),
        ("control", "controls", funnel.controls),
        ("list", "contacts", funnel.contacts),
    ]
    names = text.words("funnel")
    shares = {name: count / funnel.scored if funnel.scored else None for _, name, count in counts}
    return [
        FunnelRow(
            kind=kind,
            name=names[name],
            count=language.whole(count),
            share=language.percent(shares[name]),
            bar=charts.bar(shares[name] or 0.0, kind),
        )
        for kind, name, count in counts
        if count or kind != "out"
    ]


def risk_rows(plan: Plan, language: Language) -> list[ComparedRow]:
    """Return a row for each interval of risk, lowest first."""
    counted = [
        (
            f"{language.decimal(100 * each.low, 0)}\u2013{language.percent(each.high, 0)}",
            each.everybody,
            each.contacts,
        )
        for each in plan.risk
    ]
    return _compared(counted, language)


def reason_rows(plan: Plan, text: PageText, language: Language) -> list[ComparedRow]:
    """Return a row for each column that is a first reason, and one for those without a reason."""
    counted = [
        (
            language.column(each.column) if each.column else text.say("no_reason"),
            each.everybody,
            each.contacts,
        )
        for each in plan.reasons
    ]
    return _compared(counted, language)


def group_rows(groups: Sequence[GroupShare], text: PageText) -> list[GroupRow]:
    """Return a row for each protected group."""
    names = text.words("values")
    return [
        GroupRow(
            name=names[f"{group.column}={group.value}"],
            everybody=text.share(group.everybody),
            eligible=text.share(group.eligible),
            contacts=text.share(group.contacts),
            strip=charts.strip(group, text.say("strip_desc", g=group)),
            verdict=group_verdict(group),
        )
        for group in groups
    ]


def _compared(counted: Sequence[tuple[str, int, int]], language: Language) -> list[ComparedRow]:
    """Scale all bars alike: the longest is the largest share of either group."""
    totals = sum(each[1] for each in counted) or 1, sum(each[2] for each in counted) or 1
    shares = [(everybody / totals[0], contacts / totals[1]) for _, everybody, contacts in counted]
    longest = max((max(pair) for pair in shares), default=0.0) or 1.0
    return [
        ComparedRow(
            name=name,
            everybody=language.whole(everybody),
            contacts=language.whole(contacts),
            bars=(charts.bar(of_all / longest, "all"), charts.bar(of_list / longest, "list")),
        )
        for (name, everybody, contacts), (of_all, of_list) in zip(counted, shares, strict=True)
    ]
