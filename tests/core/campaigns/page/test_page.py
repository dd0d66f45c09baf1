import re
from html import unescape
from html.parser import HTMLParser

import pytest

from schemas.campaign import Budget, FileValue
from schemas.campaign_files import (
    CampaignManifest,
    CurvePoint,
    Decision,
    Funnel,
    GroupShare,
    Plan,
    Proposal,
    Totals,
)
from tasks.core.campaigns.choice.power import plan_power
from tasks.core.campaigns.language import Language, texts_of
from tasks.core.campaigns.page.charts import CurveText, curve
from tasks.core.campaigns.page.page import write_page
from tests.core.campaigns.test_language import shape
from tests.harness.campaigns import Code, make_manifest, make_plan, make_proposal, share_of
from tests.harness.evaluation import numbers

CONSTANTS = {
    "fr": {
        "80",
        "95",
        "100",
        "21",
        "22",
        "2",
        "3",
        "10",
        "13",
        "14",
        "20",
        "65\u202f000",
        "10,0",
        "6,4",
        "2016",
        "1",
    },
    "en": {
        "80",
        "95",
        "100",
        "21",
        "22",
        "2",
        "3",
        "10",
        "13",
        "14",
        "20",
        "00",
        "65,000",
        "10.0",
        "6.4",
        "2016",
        "1",
    },
}
"""Numbers of the page's own: levels, articles of the law, calling hours, the study, the formula."""
CODES: tuple[Code, ...] = ("fr", "en")
NOBODY = share_of(0, 0)


def text_of(page: str) -> str:
    """Return what is shown, with ordinary blanks but between thousands; drawings and identifiers aside."""
    hidden = "|".join(rf"<{tag}\b.*?</{tag}>" for tag in ("style", "title", "svg", "footer"))
    text = re.sub(rf"{hidden}|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub("[ \n\u00a0]+", " ", unescape(text).replace("\u2212", "-"))


def numbers_in(text: str, code: Code) -> set[str]:
    """Find numbers as the language writes them."""
    form = (
        "\\d{1,3}(?:\u202f\\d{3})+(?:,\\d+)?|\\d+(?:,\\d+)?"
        if code == "fr"
        else r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
    )
    return set(re.findall(rf"(?<![\w.,-])(?:{form})(?![\w])", text))


def written(values: list[float], language: Language) -> set[str]:
    """Write numbers in every way in which the page may show them."""
    found = {language.decimal(abs(value), digits) for value in values for digits in (0, 1, 2)}
    found |= {language.decimal(100 * abs(value), digits) for value in values for digits in (0, 1)}
    return found


class Checked(HTMLParser):
    """Collects what a page needs, and checks that its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an empty element of a drawing."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Require the element that was opened last."""
        assert self.open.pop() == tag


def parsed(page: str) -> Checked:
    """Parse a page."""
    parser = Checked()
    parser.feed(page)
    assert parser.open == []
    return parser


def write(campaign: Proposal | CampaignManifest) -> str:
    """Write the page on the clocks of Paris."""
    return write_page(campaign, timezone="Europe/Paris")


def small_plan() -> Plan:
    """Make the plan of a campaign that contacts nobody."""
    plan = make_plan()
    return plan.model_copy(
        update={
            "funnel": Funnel(
                scored=12, contacts=0, controls=0, below_cut=0, unprofitable=0, not_eligible={"risk": 12}
            ),
            "totals": Totals(expected_profit=0, expected_cost=0, mean_probability=None),
            "power": plan_power(0, 0, None, 0.1),
            "curve": (),
            "risk": (),
            "reasons": (),
            "protected": (
                GroupShare(
                    column="gender", value="Male", everybody=share_of(5, 12), eligible=NOBODY, contacts=NOBODY
                ),
            ),
        }
    )


def test_both_languages_say_the_same() -> None:
    """Every text of the page in one language has its counterpart, with the same numbers in it."""
    french, english = texts_of("page/page.toml", "fr"), texts_of("page/page.toml", "en")
    filled = r"\{\{ *(.*?) *\}\}"

    assert shape(french) == shape(english)
    for name, sentence in french["sentences"].items():
        values = [sorted(re.findall(r"[a-z_.]+(?=[|) ]|$)", each)) for each in re.findall(filled, sentence)]
        others = [
            sorted(re.findall(r"[a-z_.]+(?=[|) ]|$)", each))
            for each in re.findall(filled, english["sentences"][name])
        ]
        assert len(values) == len(others), name


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("approved", [False, True])
def test_every_number_shown_is_in_the_manifest(code: Code, approved: bool) -> None:
    """Each one is a number of the plan or the campaign as the language writes it, or a share."""
    proposal = make_proposal(code)
    campaign = make_manifest(proposal) if approved else proposal
    plan, language = proposal.plan, Language(code)
    page = text_of(write(campaign))
    days = (proposal.as_of, proposal.campaign.validity.first_day, proposal.campaign.validity.last_day)
    instants = (
        [campaign.decision.at]
        if isinstance(campaign, CampaignManifest)
        else [proposal.proposed_at, proposal.expires_at]
    )
    for shown in (*(language.instant(at, "Europe/Paris") for at in instants), *map(language.day, days)):
        assert shown in page
        page = page.replace(shown, " ")
    page = page.replace(proposal.campaign.offer, " ").replace("hiver-2026", " ")
    values = [*numbers(plan.model_dump(mode="json")), *numbers(proposal.campaign.model_dump(mode="json"))]
    values += [*numbers(proposal.contacts.model_dump(mode="json")), float(plan.funnel.eligible)]
    values += [float(plan.power.contacts + plan.power.controls), 30.0]
    counts = [plan.funnel.eligible, plan.funnel.below_cut, plan.funnel.controls, plan.funnel.contacts]
    if isinstance(campaign, CampaignManifest):
        values += numbers(campaign.proposed.model_dump(mode="json"))
    values += [count / plan.funnel.scored for count in (*counts, *plan.funnel.not_eligible.values())]

    shown = numbers_in(page, code)
    assert len(shown) > 80
    assert shown - written(values, language) - CONSTANTS[code] == set()


@pytest.mark.parametrize("code", CODES)
def test_every_count_of_the_plan_is_shown(code: Code) -> None:
    """The funnel, the totals, the risk, the reasons and the protected groups."""
    plan, language = make_plan(), Language(code)
    shown = numbers_in(text_of(write(make_proposal(code))), code)
    counts = [*numbers(plan.funnel.model_dump()), *(each.everybody for each in (*plan.risk, *plan.reasons))]
    counts += [each.contacts for each in (*plan.risk, *plan.reasons)]
    counts += [plan.totals.expected_profit, plan.totals.expected_cost]

    assert {language.decimal(count, 0) for count in counts} <= shown
    for group in plan.protected:
        for share in (group.everybody, group.eligible, group.contacts):
            ends = [language.decimal(100 * (each or 0), 1) for each in (share.share, share.low, share.high)]
            assert set(ends) <= shown


def test_groups_and_cut_are_where_they_belong() -> None:
    """Each group of the funnel has its own count, and the curve is marked after the contacts."""
    plan, language = make_plan(), Language("en")
    page = write(make_proposal("en"))
    rows = dict(re.findall(r'<th scope="row"[^>]*>([^<]+)</th><td class="n">([\d,]+)</td>', page))
    funnel = plan.funnel
    assert {
        "customers with a computed risk": language.whole(funnel.scored),
        "eligible": language.whole(funnel.eligible),
        "control group, drawn at random": language.whole(funnel.controls),
        "to contact": language.whole(funnel.contacts),
    }.items() <= rows.items()
    assert len({funnel.scored, funnel.eligible, funnel.controls, funnel.contacts}) == 4

    cut = CurvePoint(contacts=funnel.contacts, profit=plan.totals.expected_profit)
    (place,) = re.findall(r'class="dot" cx="([\d.]+)"', page)
    others = [CurvePoint(contacts=cut.contacts + step, profit=cut.profit) for step in (-50, 0, 50)]
    text = CurveText(title="", description="", x="", y="", cut="")
    drawn = [curve(plan.curve, each, language, text) for each in others]
    places = [float(re.findall(r'class="dot" cx="([\d.]+)"', svg)[0]) for svg in drawn]
    assert places[0] < float(place) == places[1] < places[2]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("approved", [False, True])
def test_the_page_needs_nothing_else(code: Code, approved: bool) -> None:
    """No request, no script; valid nesting; the same bytes again."""
    proposal = make_proposal(code)
    campaign = make_manifest(proposal) if approved else proposal
    page = write(campaign)
    tags = parsed(page).tags

    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "form"}
    assert not [attrs for _, attrs in tags if {"src", "onload", "onclick"} & set(attrs)]
    assert [attrs["href"] for _, attrs in tags if "href" in attrs] == ["#content"]
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page
    assert write(campaign) == page


@pytest.mark.parametrize("code", CODES)
def test_the_page_is_accessible(code: Code) -> None:
    """Language, landmarks, a heading per section, headers with scope, drawings with a title or hidden."""
    page = write(make_proposal(code))
    tags = parsed(page).tags
    names = [tag for tag, _ in tags]
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]

    assert tags[0] == ("html", {"lang": code})
    assert [names.count(each) for each in ("main", "header", "footer", "h1", "title")] == [1, 1, 1, 1, 6]
    assert names.count("section") == names.count("h2") == 11
    assert len(ids) == len(set(ids))
    for tag, attrs in tags:
        if "aria-labelledby" in attrs:
            assert set((attrs["aria-labelledby"] or "").split()) <= set(ids)
        if tag == "th":
            assert attrs["scope"] in {"row", "col"}
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("role") == "img"
    drawn = re.findall(r'<svg[^>]*role="img"[^>]*><title', page)
    assert len(drawn) == page.count('role="img"') == 5


@pytest.mark.parametrize(
    ("code", "said"), [("fr", "personne n’a encore décidé"), ("en", "nobody has decided yet")]
)
def test_a_proposal_says_that_nobody_has_decided(code: Code, said: str) -> None:
    """And until when somebody can."""
    page = text_of(write(make_proposal(code)))

    assert said in page
    assert "Claire Martin" not in page
    assert (
        "03/12/2026, 07 h 12 (Europe/Paris)" if code == "fr" else "3 December 2026, 07:12 (Europe/Paris)"
    ) in page


@pytest.mark.parametrize("code", CODES)
def test_an_approved_campaign_says_who_decided(code: Code) -> None:
    """When, and with what comment; the folder's files and their hashes are named."""
    manifest = make_manifest(make_proposal(code))
    page = write(manifest)

    assert {"fr": "Approuvée.", "en": "Approved."}[code] in page
    assert "Claire Martin" in page
    assert "Accord, si l&#39;équipe du soir est au complet." in page
    seen = {"fr": "912 contacts, 101 clients de contrôle", "en": "912 contacts, 101 controls"}[code]
    assert seen in text_of(page)
    assert "campaign.csv" in page
    assert "e" * 64 in page
    assert {"fr": "encore décidé", "en": "has decided yet"}[code] not in page


@pytest.mark.parametrize("outcome", ["refused", "timed out"])
@pytest.mark.parametrize("code", CODES)
def test_other_outcomes_contact_nobody(code: Code, outcome: str) -> None:
    """A refusal, or a proposal that expired without a decision."""
    manifest = make_manifest(make_proposal(code))
    decision = Decision.model_validate({"outcome": outcome, "by": None, "at": manifest.decision.at})
    page = text_of(write(manifest.model_copy(update={"decision": decision})))

    assert {"fr": "personne n’est contacté", "en": "nobody is contacted"}[code] in page


def test_what_people_write_is_escaped() -> None:
    """An offer or a comment is no HTML."""
    manifest = make_manifest(make_proposal(offer="<script>alert(1)</script>"))
    decision = manifest.decision.model_copy(update={"comment": "<b>ok</b>", "by": "<i>me</i>"})
    page = write(manifest.model_copy(update={"decision": decision}))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>" not in page
    assert "<i>" not in page


@pytest.mark.parametrize("code", CODES)
def test_a_campaign_that_contacts_nobody(code: Code) -> None:
    """No curve, no verdict, no effect to be seen; nothing fails."""
    page = write(make_proposal(code, small_plan()))
    text = text_of(page)

    assert 'class="curve"' not in page
    assert {"fr": "il n’y a pas de courbe", "en": "there is no curve"}[code] in text
    assert {"fr": "sans groupe de contrôle, personne ne saura", "en": "without a control group, nobody"}[
        code
    ] in text
    assert {"fr": "trop courte pour en juger", "en": "too short to judge"}[code] in text
    assert "None" not in text
    assert "nan" not in text.split()


@pytest.mark.parametrize(
    ("contacts", "controls", "said", "unsaid"),
    [
        (900, 219, "A relative drop of 20% is detected", "takes"),
        (180, 20, "Invisible: any smaller effect", "A relative drop of 20% is detected"),
        (4, 2, "with so few customers, nobody will know", "Visible"),
        (900, 0, "without a control group", "Visible"),
    ],
)
def test_what_the_campaign_can_show(contacts: int, controls: int, said: str, unsaid: str) -> None:
    """In plain words, from the power of its groups."""
    plan = make_plan()
    rest = plan.funnel.eligible - contacts - controls
    funnel = plan.funnel.model_copy(update={"contacts": contacts, "controls": controls, "below_cut": rest})
    power = plan_power(contacts, controls, 0.6, 0.1)
    page = text_of(write(make_proposal("en", plan.model_copy(update={"funnel": funnel, "power": power}))))

    assert said in page
    assert unsaid not in page


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(), "no limit is set"),
        (Budget(contacts=900), "limit: 900 contacts"),
        (Budget(money=25_000), "limit: 25,000 of expected cost"),
        (Budget(contacts=900, money=25_000), "whichever is reached first"),
    ],
)
def test_what_ends_the_list(budget: Budget, said: str) -> None:
    """The limits of the budget."""
    assert said in text_of(write(make_proposal("en", budget=budget)))


def test_a_visible_difference_between_groups_is_named() -> None:
    """Who is singled out, who is left out; without one, so much is said."""
    page = text_of(write(make_proposal("en")))
    even = tuple(each for each in make_plan().protected if each.column == "gender")
    same = text_of(write(make_proposal("en", make_plan().model_copy(update={"protected": even}))))

    assert "among all customers: seniors; less common or absent: non-seniors." in page
    assert "No group is visibly left out or singled out" in same
    assert "There is a visible difference" not in same


def test_other_settings_of_a_campaign() -> None:
    """Values from a file, another channel without a basis, simulated customers."""
    proposal = make_proposal(
        "en",
        channel="email",
        value=FileValue(file="v.csv", column="lifetime_value"),
        eligibility={"bases": []},
    )
    simulated = proposal.scores.model_copy(update={"simulated": True, "model_id": None})
    page = text_of(write(proposal.model_copy(update={"scores": simulated})))

    assert "lifetime_value" in page
    assert "margin on the monthly bill" not in page
    assert "No basis is required for the channel e-mail" in page
    assert "Calls from Monday" not in page
    assert "SIMULATED" in page
    assert "SIMULATED" not in text_of(write(make_proposal("en")))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour. Source: WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_has_enough_contrast() -> None:
    """At least 4.5 to 1 for every colour of text, on the pale ground too, and 3 to 1 for bars."""
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-fA-F]{6});", write(make_proposal())))

    def contrast(colour: str, ground: str) -> float:
        return (luminance(ground) + 0.05) / (luminance(colours[colour]) + 0.05)

    for text in ("ink", "soft", "bad"):
        assert contrast(text, colours["pale"]) >= 4.5
    for drawn in ("all", "list", "control", "eligible"):
        assert contrast(drawn, "#ffffff") >= 3


def test_shares_of_fewer_than_ten_customers_are_not_shown() -> None:
    """They could single out one customer."""
    groups = tuple(
        GroupShare(
            column="gender",
            value="Male",
            everybody=share_of(40, 80),
            eligible=share_of(4, 8),
            contacts=contacts,
        )
        for contacts in (share_of(3, 9),)
    )
    page = write(make_proposal("en", make_plan().model_copy(update={"protected": groups})))

    assert "33.3%" not in page
    assert page.count('<circle class="all"') == 1
    assert '<circle class="list"' not in page
    assert "too short to judge" in page
