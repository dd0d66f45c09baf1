"""Acceptance: every scored customer ends in exactly one group, and in the one that the rules say."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from schemas.campaign import Campaign
from tasks.core.campaigns.choice import details, selection
from tasks.core.campaigns.choice.plan import make_plan
from tasks.core.campaigns.choice.selection import Selected
from tasks.core.campaigns.publish import write_lists
from tests.harness.campaigns import make_campaign, make_proposal
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.scored import charges_of, make_bases, selected_from, terms_of, write_scores
from tests.oracles.campaign import Groups, select

CUSTOMERS = make_customers(400, seed=8).drop(columns="Churn")
IDS = CUSTOMERS["customerID"].tolist()


def groups_of(selected: Selected) -> tuple[list[str], list[str], dict[str, int]]:
    """List the contacts, best first, the controls in the order of the extract, and all their buckets."""
    contacts = [each for _, ids in selected.contacts() for each in ids]
    everyone = [
        (name, bool(control), int(bucket))
        for details, ids, is_control in selected.everyone()
        for name, control, bucket in zip(ids, is_control, details["bucket"], strict=True)
    ]
    controls = [name for name, control, _ in everyone if control]
    return contacts, controls, {name: bucket for name, _, bucket in everyone}


def assert_as(found: Selected, expected: Groups, scored: int) -> None:
    """Compare groups, order, counts and sums with those of the oracle."""
    contacts, controls, buckets = groups_of(found)
    funnel, plan = found.funnel, make_plan(found, make_campaign())
    assert contacts == expected.contacts
    assert sorted(controls) == sorted(expected.controls)
    assert buckets == {each: expected.buckets[each] for each in contacts + controls}
    assert Counter({why: count for why, count in funnel.not_eligible.items() if count}) == expected.reasons
    assert (funnel.below_cut, funnel.unprofitable) == (len(expected.below_cut), len(expected.unprofitable))
    ours = len(expected.contacts), len(expected.controls)
    assert (funnel.contacts, funnel.controls) == ours
    assert funnel.scored == scored == sum(ours) + len(expected.below_cut) + len(expected.excluded)
    profit, cost = (sum(of[each] for each in contacts) for of in (expected.profits, expected.costs))
    assert plan.totals.expected_profit == pytest.approx(profit, abs=1e-6 * max(1, len(contacts)))
    assert plan.totals.expected_cost == pytest.approx(cost, abs=1e-6 * max(1, len(contacts)))
    assert sum(each.contacts for each in plan.risk) == sum(each.contacts for each in plan.reasons) == ours[0]
    assert sum(each.everybody for each in plan.risk) == sum(each.everybody for each in plan.reasons) == scored


def random_case(seed: int) -> tuple[Campaign, dict[str, Any]]:
    """Draw a campaign and its lists: every rule is on in some cases and off in others."""
    rng = np.random.default_rng(seed)
    bases: dict[str, Any] = [{}, {"bases": []}, {"bases": ["consent"]}][int(rng.integers(3))]
    bands = [["high", "medium"], ["high"], ["low"], ["low", "medium", "high"]][int(rng.integers(4))]
    campaign = make_campaign(
        channel=str(rng.choice(["phone", "email", "sms"])),
        eligibility={
            "risk_bands": bands,
            "minimum_probability": float(rng.choice([0, 0.35, 0.7])),
            "out_of_domain": bool(rng.integers(2)),
            "rest_days": 90,
            **bases,
        },
        incentive=float(rng.choice([0, 5, 42.5])),
        contact_cost=float(rng.choice([0, 3.21, 60])),
        acceptance=float(rng.choice([0.05, 0.3, 1])),
        budget={
            "contacts": [None, int(rng.integers(1, 120))][int(rng.integers(2))],
            "money": [None, float(rng.integers(1, 3_000)) / 2][int(rng.integers(2))],
        },
        experiment={"id": f"e{seed}", "control_share": float(rng.choice([0, 0.1, 0.5]))},
    )
    some = [str(each) for each in rng.permutation(IDS)]
    lists = {
        "objected": [f" {each.lower()}" for each in some[: int(rng.integers(0, 60))]],
        "bases": make_bases(IDS, seed) if rng.random() < 0.8 else None,
        "resting": some[40 : 40 + int(rng.integers(0, 80))],
    }
    return campaign, lists


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the extract of `CUSTOMERS`."""
    path = tmp_path_factory.mktemp("extract") / "crm_2026-11-30.csv"
    CUSTOMERS.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_everybody_is_where_a_naive_selection_puts_them(first: int, extract: Path, tmp_path: Path) -> None:
    """Acceptance: over sixty random campaigns, the groups, their order, the funnel and the sums."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + 20):
        campaign, lists = random_case(seed)
        scores = write_scores(tmp_path / "scores.csv", IDS, seed, levels=(10**6, 20)[seed % 2])
        expected = select(
            scores,
            charges_of(CUSTOMERS),
            campaign.model_dump(mode="json"),
            secret=str(SECRET.given),
            **lists,
        )
        with selected_from(scores, extract, terms_of(campaign, **lists), tmp_path) as found:
            assert_as(found, expected, len(IDS))
        seen.update(expected.reasons)
        seen.update(contacts=len(expected.contacts), controls=len(expected.controls))
        seen.update(unprofitable=len(expected.unprofitable), below_cut=len(expected.below_cut))
    names = {"objected", "out_of_domain", "risk", "no_basis", "rests", "contacts", "controls", "unprofitable"}
    assert names <= {name for name, count in seen.items() if count > 20}
    assert seen["below_cut"] > seen["unprofitable"]


def test_equal_profits_are_ordered_by_the_keyed_tie(tmp_path: Path) -> None:
    """Customers with one bill and five probabilities; the budget ends within one of them."""
    customers = CUSTOMERS.iloc[[0] * len(IDS)].assign(customerID=IDS)
    customers.to_csv(tmp_path / "crm.csv", index=False)
    scores = write_scores(tmp_path / "scores.csv", IDS, 3, levels=5)
    campaign = make_campaign(
        eligibility={"risk_bands": ["high", "medium", "low"], "bases": [], "out_of_domain": True},
        incentive=0.0,
        contact_cost=0.0,
        budget={"contacts": 90},
    )
    settings = campaign.model_dump(mode="json")
    expected = select(scores, charges_of(customers), settings, secret=str(SECRET.given))
    with selected_from(scores, tmp_path / "crm.csv", terms_of(campaign), tmp_path) as found:
        assert_as(found, expected, len(IDS))
    assert len(expected.contacts) == 90
    assert len({expected.profits[each] for each in expected.contacts}) < 5


def test_the_first_reason_counts(tmp_path: Path) -> None:
    """Customers to whom all reasons apply, then all but the first, and so on down to none."""
    customers = CUSTOMERS.iloc[:7]
    customers.to_csv(tmp_path / "crm.csv", index=False)
    ids = customers["customerID"].tolist()
    rows = pd.read_csv(write_scores(tmp_path / "scores.csv", ids), dtype="str", keep_default_na=False)
    rows["churn_probability"], rows["risk_band"], rows["in_domain"] = "0.900000", "high", "1"
    rows.loc[:1, "in_domain"] = "0"
    rows.loc[:2, "risk_band"] = "low"
    rows.to_csv(tmp_path / "scores.csv", index=False)
    campaign = make_campaign(eligibility={"rest_days": 1}, experiment={"id": "e", "control_share": 0})
    values = NoValues(ids[6])
    terms = terms_of(
        campaign,
        objected=ids[:1],
        bases={(each, "phone"): "consent" for each in ids[4:]} | {(ids[0], "email"): "consent"},
        resting=ids[:5],
        values=values,
    )

    with selected_from(tmp_path / "scores.csv", tmp_path / "crm.csv", terms, tmp_path) as found:
        assert found.funnel.not_eligible == {
            "objected": 1,
            "out_of_domain": 1,
            "risk": 1,
            "no_basis": 1,
            "rests": 1,
            "no_value": 1,
        }
        assert groups_of(found)[0] == [ids[6]]


class NoValues:
    """Knows the value of one customer only."""

    def __init__(self, known: str) -> None:
        self._known = known

    def of(self, customers: Any) -> Any:
        """Return the value of each of N customers."""
        texts = [customers.text_of_id(row) for row in range(len(customers))]
        return np.array([500.0 if each == self._known else np.nan for each in texts])


def test_a_larger_budget_drops_nobody(extract: Path, tmp_path: Path) -> None:
    """Acceptance: contacts of growing budgets are prefixes of one list, and no control leaves."""
    scores = write_scores(tmp_path / "scores.csv", IDS, seed=1, levels=50)
    wide = {"risk_bands": ("high", "medium", "low"), "bases": (), "out_of_domain": True}
    lists, sizes = [], set()
    for contacts, money in [(None, None), *((n, None) for n in range(1, 60, 7)), (None, 250), (None, 900)]:
        campaign = make_campaign(eligibility=wide, budget={"contacts": contacts, "money": money})
        with selected_from(scores, extract, terms_of(campaign), tmp_path) as found:
            lists.append(groups_of(found)[:2])
            assert contacts is None or len(lists[-1][0]) == contacts
            assert money is None or make_plan(found, campaign).totals.expected_cost <= money
    (whole, all_controls), *shorter = lists
    for contacts_of, controls_of in shorter:
        assert contacts_of == whole[: len(contacts_of)]
        assert {*controls_of} <= {*all_controls}
        sizes.add(len(contacts_of))
    assert len(sizes) > 8
    for (fewer, their_controls), (more, more_controls) in pairwise(shorter[:-2]):
        assert len(fewer) < len(more)
        assert {*their_controls} <= {*more_controls}


def test_a_dearer_offer_never_pays_whatever_the_budget(extract: Path, tmp_path: Path) -> None:
    """Nobody is chosen, and everyone eligible is below the cut as unprofitable."""
    scores = write_scores(tmp_path / "scores.csv", IDS)
    campaign = make_campaign(eligibility={"bases": ()}, contact_cost=9_999, budget={})
    with selected_from(scores, extract, terms_of(campaign), tmp_path) as found:
        assert groups_of(found) == ([], [], {})
        assert found.funnel.unprofitable == found.funnel.below_cut == found.funnel.eligible > 100
        assert make_plan(found, campaign).power.smallest_effect is None


def test_nothing_depends_on_how_it_was_read(
    extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acceptance: whatever the batches, blocks and threads, the same bytes of all lists and the same plan."""
    scores = write_scores(tmp_path / "scores.csv", IDS, seed=4, levels=100)
    campaign = make_campaign(budget={"contacts": 90}, experiment={"id": "e", "control_share": 0.3})
    lists: dict[str, Any] = {"objected": IDS[:9], "bases": make_bases(IDS), "resting": IDS[20:30]}
    made = []
    ways = [
        (1, 2**23, 2**23, 2**14),
        (3, 1_000, 2_000, 7),
        (2, 4_001, 2**23, 1),
        (3, 2**23, 999, 33),
        (1, 313, 1_501, 90),
    ]
    for place, (threads, batch, block, rows) in enumerate(ways):
        monkeypatch.setattr(selection, "_ROWS_AT_ONCE", rows)
        monkeypatch.setattr(details, "_AT_ONCE", rows)
        stage = tmp_path / f"stage-{place}"
        stage.mkdir()
        with selected_from(
            scores,
            extract,
            terms_of(campaign, **lists),
            tmp_path,
            threads=threads,
            batch_bytes=batch,
            block_bytes=block,
        ) as found:
            plan = make_plan(found, campaign)
            proposal = make_proposal(plan=plan).model_copy(update={"campaign": campaign})
            write_lists(stage, found, proposal)
        made.append((plan, {path.name: path.read_bytes() for path in stage.iterdir()}))
    assert made[0][0].funnel.contacts > 60
    assert len(made[0][1]) == 4
    for other in made[1:]:
        assert other == made[0]
