"""Tell a sender's monthly charges from the total ones by the contract's own rule, not by their names."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Final

import numpy as np
import pandas as pd

from schemas.quarantine_reasons import RULES
from tasks.core.contract.likely_columns import MOST_COLUMNS, Likely, similarity
from tasks.core.contract.number_cells import parse_numbers

_CHARGES: Final = ("MonthlyCharges", "TotalCharges")
_TENURE: Final = "tenure"
_COHERENT: Final = RULES["total_incoherent"].holds
_FITTING_SHARE: Final = 0.9
_FEWEST_MONTHS: Final = 3
"""In the first months, both charges are so similar that they agree the other way round, too."""
_MOST_CANDIDATES: Final = 12
"""Columns that are compared, those with the most similar names first."""


def settle_charges(
    likely: Mapping[str, Likely],
    known: Sequence[str | None],
    names: Mapping[int, str],
    cells: Sequence[Sequence[str]],
) -> dict[str, Likely]:
    """Choose the missing columns of charges by `total_incoherent`, and none if it cannot tell them apart.

    Args:
        likely: What names and values say about the missing columns.
        known: The contract's column at each position.
        names: Names of the sender's other columns, by position.
        cells: The cells of every position in a few rows.
    """
    places = {column: place for place, column in enumerate(known) if column}
    places |= {column: each.place for column, each in likely.items() if column not in _CHARGES}
    missing = [column for column in _CHARGES if column not in places]
    rest = {column: each for column, each in likely.items() if column not in missing or not each.fits}
    if not missing or rest.keys() & set(missing):
        return dict(likely)
    taken = {*places.values(), *(each.place for each in rest.values())}
    near = {
        place: max(similarity(column, name) for column in _CHARGES)
        for place, name in islice(names.items(), MOST_COLUMNS)
        if place not in taken and _is_numeric(cells[place])
    }
    candidates = sorted(near, key=lambda place: -near[place])[:_MOST_CANDIDATES]
    given = [places[column] for column in (_TENURE, *_CHARGES) if column in places]
    numbers = {place: pd.Series(parse_numbers(cells[place])[0]) for place in (*candidates, *given)}
    if not candidates:
        return dict(likely)
    if _TENURE not in places or numbers[places[_TENURE]].max() < _FEWEST_MONTHS:
        return dict(likely) if len(missing) == 1 else rest
    options = {
        pair: sum(
            similarity(column, names.get(place, column)) for column, place in zip(_CHARGES, pair, strict=True)
        )
        for pair in _pairs(places, candidates)
        if _agree([numbers[place] for place in (places[_TENURE], *pair)])
    }
    best = [pair for pair in options if options[pair] == max(options.values())]
    if len(best) != 1 or best[0][::-1] in options:
        return rest
    chosen = dict(zip(_CHARGES, best[0], strict=True))
    return rest | {column: Likely(chosen[column], fits=True, own_words=False) for column in missing}


def _pairs(places: Mapping[str, int], candidates: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the positions that monthly and total charges may have."""
    monthly, total = ([places[column]] if column in places else candidates for column in _CHARGES)
    return ((one, other) for one, other in product(monthly, total) if one != other)


def _is_numeric(texts: Sequence[str]) -> bool:
    """Return whether most filled cells are numbers."""
    _, forms = parse_numbers([text for text in texts if text.strip()])
    numbers = [form in ("whole", "decimal") for form in forms]
    return len(numbers) > 0 and bool(np.mean(numbers) >= _FITTING_SHARE)


def _agree(columns: "Sequence[pd.Series[float]]") -> bool:
    """Return whether three columns are tenure, monthly and total charges for most customers."""
    frame = pd.concat(dict(zip((_TENURE, *_CHARGES), columns, strict=True)), axis="columns")
    frame = frame[frame[_TENURE] >= _FEWEST_MONTHS].dropna()
    return len(frame) > 0 and bool(_COHERENT(frame.assign(tenure_form="whole")).mean() >= _FITTING_SHARE)
