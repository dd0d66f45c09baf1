"""Put every scored customer into one group: contact, control, below the cut, or not eligible and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.campaign import Campaign
from schemas.campaign_files import BUCKETS, EXCLUSIONS, Exclusion, Funnel
from schemas.columns import PROTECTED
from schemas.contacts import BASES, CHANNELS
from tasks.core.campaigns.choice.details import Details, DetailSpill
from tasks.core.campaigns.choice.draw import Experiment
from tasks.core.campaigns.choice.profit import expected_cost, expected_profit
from tasks.core.campaigns.choice.published_scores import BANDS, PublishedRows
from tasks.core.campaigns.choice.ranking import Chosen, Ranking
from tasks.core.campaigns.choice.tallies import Tally
from tasks.core.campaigns.choice.values import Values
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.customer_ids import IdTable
from tasks.core.contract.objections import Objections
from tasks.core.intake.contact_lists import ContactBases

Bools = npt.NDArray[np.bool_]

_ROWS_AT_ONCE: Final = 2**14


@dataclass(frozen=True)
class Terms:
    """Everything that decides about a customer: the campaign, and what is known about customers now.

    `resting` are the customers who were on a list, or in its control group, too recently.
    """

    campaign: Campaign
    objections: Objections
    bases: ContactBases | None
    resting: IdTable
    values: Values
    experiment: Experiment


class Selection:
    """Takes the scored customers in batches, in constant memory, and selects when all have been added."""

    def __init__(self, terms: Terms, folder: Path) -> None:
        """Spill candidates into unnamed files in the folder."""
        self._terms = terms
        self._ranking, self._details = Ranking(folder), DetailSpill(folder)
        self._excluded: Counter[Exclusion] = Counter()
        self._unprofitable = 0
        self.everybody, self.eligible = Tally(), Tally()

    def add(self, customers: Accepted, rows: PublishedRows) -> None:
        """Add N customers, as the extract and as the scores have them."""
        campaign = self._terms.campaign
        bases = self._bases(customers)
        value = self._terms.values.of(customers)
        eligible = np.ones(len(customers), dtype=np.bool_)
        for reason, excluded in self._exclusions(customers, rows, bases, value):
            self._excluded[reason] += int((eligible & excluded).sum())
            eligible &= ~excluded
        _tally(self.everybody, customers, rows.probability, rows.reasons)
        _tally(self.eligible, customers.where(eligible), rows.probability[eligible], rows.reasons[eligible])
        costs = {
            "acceptance": campaign.acceptance,
            "incentive": campaign.incentive,
            "contact_cost": campaign.contact_cost,
        }
        profit = expected_profit(rows.probability, value, **costs)
        pays = eligible & (profit > 0)
        self._unprofitable += int((eligible & ~pays).sum())
        if pays.any():
            cost = expected_cost(rows.probability, **costs)
            self._add_candidates(
                customers.where(pays), rows.where(pays), profit[pays], cost[pays], bases[pays]
            )

    def finish(self) -> "Selected":
        """Rank the candidates and cut the ranking where the budget ends."""
        chosen = self._ranking.chosen(self._ranking.cut(self._terms.campaign.budget))
        return Selected(
            chosen,
            self._details,
            self._ranking,
            funnel=Funnel(
                scored=self.everybody.customers,
                contacts=int((~chosen.is_control).sum()),
                controls=int(chosen.is_control.sum()),
                below_cut=self.eligible.customers - len(chosen.places),
                unprofitable=self._unprofitable,
                not_eligible={reason: self._excluded[reason] for reason in EXCLUSIONS},
            ),
            everybody=self.everybody,
            eligible=self.eligible,
        )

    def close(self) -> None:
        """Release the spill files."""
        self._ranking.close()
        self._details.close()

    def _add_candidates(
        self,
        customers: Accepted,
        rows: PublishedRows,
        profit: npt.NDArray[np.float64],
        cost: npt.NDArray[np.float64],
        bases: npt.NDArray[np.int8],
    ) -> None:
        draw = self._terms.experiment.draw(customers.octets, customers.ids)
        is_control = draw.bucket < round(self._terms.campaign.experiment.control_share * BUCKETS)
        self._ranking.add(profit, draw.tie, cost, is_control)
        self._details.add(customers, rows, bases, {"profit": profit, "cost": cost, "bucket": draw.bucket})

    def _bases(self, customers: Accepted) -> npt.NDArray[np.int8]:
        """Return the (N, 3) codes of bases by channel, -1 where nothing is."""
        if self._terms.bases is None:
            return np.full((len(customers), len(CHANNELS)), -1, dtype=np.int8)
        return self._terms.bases.of(customers.octets, customers.ids)

    def _exclusions(
        self,
        customers: Accepted,
        rows: PublishedRows,
        bases: npt.NDArray[np.int8],
        value: npt.NDArray[np.float64],
    ) -> Iterator[tuple[Exclusion, Bools]]:
        """Yield who is not eligible for each reason, (N,), in the order in which the reasons count."""
        campaign, eligibility = self._terms.campaign, self._terms.campaign.eligibility
        yield "objected", self._terms.objections.among(customers)
        if not eligibility.out_of_domain:
            yield "out_of_domain", rows.in_domain == 0
        bands = [BANDS.index(band) for band in eligibility.risk_bands]
        yield (
            "risk",
            ~np.isin(rows.band, bands) | (rows.probability < eligibility.minimum_probability),
        )
        if eligibility.bases:
            allowed = [BASES.index(basis) for basis in eligibility.bases]
            yield "no_basis", ~np.isin(bases[:, CHANNELS.index(campaign.channel)], allowed)
        yield "rests", self._terms.resting.find(customers.octets, customers.ids) >= 0
        yield "no_value", np.isnan(value)


@dataclass(frozen=True)
class Selected:
    """Who was chosen, how many were not and why; readable until the selection is closed."""

    chosen: Chosen
    details: DetailSpill
    ranking: Ranking
    funnel: Funnel
    everybody: Tally
    eligible: Tally

    def contacts(self) -> Iterator[tuple[Details, list[str]]]:
        """Yield the contacts in batches, best first: their details and ids."""
        yield from self._read(self.chosen.places[~self.chosen.is_control])

    def everyone(self) -> Iterator[tuple[Details, list[str], Bools]]:
        """Yield contacts and controls in batches, in the order of the extract, and who is a control."""
        order = np.argsort(self.chosen.places, kind="stable")
        places, is_control = self.chosen.places[order], self.chosen.is_control[order]
        done = 0
        for details, ids in self._read(places):
            yield details, ids, is_control[done : done + len(ids)]
            done += len(ids)

    def _read(self, places: npt.NDArray[np.int64]) -> Iterator[tuple[Details, list[str]]]:
        found = self.details.read(places)
        for start in range(0, len(places), _ROWS_AT_ONCE):
            batch = found[start : start + _ROWS_AT_ONCE]
            yield batch, [*self.details.ids(batch)]


def _tally(
    tally: Tally,
    customers: Accepted,
    probability: npt.NDArray[np.float64],
    reasons: npt.NDArray[np.int8],
) -> None:
    protected = ((column, customers.codes[:, customers.categories.index(column)]) for column in PROTECTED)
    tally.add(probability, reasons[:, 0], protected)
