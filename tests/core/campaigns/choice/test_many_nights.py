"""Acceptance: over a hundred nights nobody changes sides, and the sides differ in nothing but the draw."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from schemas.campaign import Campaign
from schemas.columns import CATEGORIES, NUMBERS
from schemas.scores import REASON_CODES
from tasks.core.campaigns.choice.details import Details
from tasks.core.campaigns.choice.published_scores import PublishedRows
from tasks.core.campaigns.choice.selection import Selection
from tasks.core.contract.accepted import Accepted
from tests.harness.campaigns import make_campaign
from tests.harness.customers import accepted, make_customers
from tests.harness.scored import terms_of

SHARE = 0.2
LEVEL = 1e-4
"""Of each statement about chance, over all its tests (Bonferroni)."""

OPEN = {"risk_bands": ("high", "medium", "low"), "bases": (), "out_of_domain": True}


@pytest.fixture(scope="module")
def everybody() -> Accepted:
    """Make everybody who is ever a customer."""
    return accepted(make_customers(12_000, seed=9).drop(columns="Churn"))


def scores_of(customers: Accepted, risk: npt.NDArray[np.float64]) -> PublishedRows:
    """Publish scores: whoever is more at risk is in a higher band and has another first reason."""
    rows = len(customers)
    reasons = np.zeros((rows, 3), dtype=np.int8)
    reasons[:, 0] = 1 + (risk * (len(REASON_CODES) - 2)).astype(np.int8)
    decile = (10 - np.minimum(risk * 10, 9).astype(np.int8)).astype(np.int8)
    band = np.where(risk > 0.6, 0, np.where(risk > 0.3, 1, 2)).astype(np.int8)
    inside = np.ones(rows, dtype=np.int8)
    return PublishedRows(customers.octets, customers.ids, risk, decile, band, reasons, inside)


def chosen_from(
    customers: Accepted, risk: npt.NDArray[np.float64], campaign: Campaign, resting: list[str], folder: Path
) -> Iterator[tuple[Details, list[str], npt.NDArray[np.bool_]]]:
    """Select from one night's scores."""
    with closing(Selection(terms_of(campaign, resting=resting), folder)) as selection:
        selection.add(customers, scores_of(customers, risk))
        yield from selection.finish().everyone()


@dataclass
class Seen:
    """Who was ever on a side: `sides` by customer, how many changed, and how often anybody came back."""

    sides: dict[str, bool]
    crossed: int = 0
    again: int = 0


def hundred_nights(everybody: Accepted, folder: Path, experiment: str) -> Seen:
    """Live through nights with leavers, entrants, other models and two campaigns of one experiment.

    A night's `{night}` in the experiment's name draws new sides every night.
    """
    rng = np.random.default_rng(11)
    size = 1_500
    present = np.zeros(len(everybody), dtype=np.bool_)
    present[:size] = True
    risk = rng.random(len(everybody))
    seen = Seen({})
    rests: list[list[str]] = []
    for night in range(100):
        stays = rng.random(len(everybody)) > 0.02
        enters = rng.permutation(np.flatnonzero(~present))[: size - int((present & stays).sum())]
        present &= stays
        present[enters] = True
        if night % 20 == 19:  # another model sees everybody in another way
            risk = rng.random(len(everybody))
        risk = np.clip(risk + rng.normal(0, 0.05, len(risk)), 0, 1).round(6)
        tonight = everybody.where(present)
        for name, channel, contacts in (("spring", "phone", 60), ("loyalty", "email", 25)):
            campaign = make_campaign(
                id=name,
                channel=channel,
                incentive=3,
                eligibility=OPEN,
                budget={"contacts": contacts},
                experiment={"id": experiment.format(night=night), "control_share": SHARE},
            )
            resting = [each for chosen in rests[-6:] for each in chosen]
            rests.append([])
            for _, ids, is_control in chosen_from(tonight, risk[present], campaign, resting, folder):
                rests[-1] += ids
                for customer, control in zip(ids, is_control.tolist(), strict=True):
                    seen.again += customer in seen.sides
                    seen.crossed += seen.sides.setdefault(customer, control) != control
    return seen


def test_nobody_changes_sides_over_a_hundred_nights(everybody: Accepted, tmp_path: Path) -> None:
    """In and out of the lists, yes; from contact to control or back, never.

    The share of controls among all who were ever chosen is within the binomial bounds at `LEVEL`.
    """
    seen = hundred_nights(everybody, tmp_path, "year")

    assert seen.crossed == 0
    assert seen.again > len(seen.sides) > 1_500
    controls = sum(seen.sides.values())
    assert stats.binomtest(controls, len(seen.sides), SHARE).pvalue > LEVEL


def test_a_draw_of_its_own_every_night_would_be_seen(everybody: Accepted, tmp_path: Path) -> None:
    """The same nights, with new sides each night: a third of those who come back change sides."""
    seen = hundred_nights(everybody, tmp_path, "night-{night}")
    assert seen.crossed > 0.2 * seen.again > 0


def test_sides_differ_in_nothing_but_the_draw(everybody: Accepted, tmp_path: Path) -> None:
    """Chi-squared tests of side and of bucket against the score and every column, at `LEVEL` for all of them.

    Everybody is chosen, so the table is that of all customers.
    """
    risk = np.random.default_rng(4).random(len(everybody))
    campaign = make_campaign(
        eligibility=OPEN,
        acceptance=1,
        incentive=0,
        contact_cost=0,
        budget={},
        experiment={"id": "year", "control_share": SHARE},
    )
    parts = [*chosen_from(everybody, risk, campaign, [], tmp_path)]
    details = np.concatenate([each for each, _, _ in parts])
    is_control = np.concatenate([each for _, _, each in parts])
    assert len(details) > 11_900  # all whose MonthlyCharges and risk are above zero
    np.testing.assert_array_equal(is_control, details["bucket"] < SHARE * 10_000)

    traits = {"score": tenths(details["probability"])}
    traits |= {name: details["codes"][:, place] for place, name in enumerate(CATEGORIES)}
    traits |= {name: tenths(details["numbers"][:, place]) for place, name in enumerate(NUMBERS)}
    assert len(traits) == 20
    sides = {"side": is_control, "bucket": details["bucket"] // 500}
    found = {(side, trait): independence(sides[side], traits[trait]) for side in sides for trait in traits}
    assert min(found.values()) > LEVEL / len(found), min(found, key=lambda each: found[each])
    assert independence(details["bucket"] // 500, tenths(details["probability"] + 0.1 * is_control)) < 1e-6


def tenths(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Cut values at their deciles."""
    return np.searchsorted(np.nanquantile(values, np.linspace(0.1, 0.9, 9)), values)


def independence(side: npt.NDArray[np.generic], trait: npt.NDArray[np.generic]) -> float:
    """Return the p-value of a chi-squared test of independence."""
    return float(stats.contingency.chi2_contingency(stats.contingency.crosstab(side, trait).count).pvalue)
