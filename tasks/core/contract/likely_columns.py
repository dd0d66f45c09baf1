"""Guess which of a sender's columns is a missing column of the contract, by name and values together."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import Final

import numpy as np
from pandera.pandas import DataFrameSchema

from schemas.columns import ID
from schemas.config import IngestConfig
from tasks.core.contract.check_tables import keeps_column
from tasks.core.contract.parse import parse_cells
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values, normalise_name

_NEAR: Final = 0.6
"""Similarity of names that suffices alone."""
_NEAR_ENOUGH: Final = 0.5
"""Similarity of names that suffices if the values fit."""
_SAME_WORD: Final = 0.8
_FITTING_SHARE: Final = 0.9
_OWN_WORDS, _FITS, _UNKNOWN, _MISFIT = 1.0, 0.5, 0.0, -0.5
"""What the values add to the similarity: the words of this column alone, legal values, none sent, others."""
_COLUMNS_WITH: Final = Counter(word for words in VOCABULARY.values() for word in words)
_OWN: Final = {
    column: {word for word in words if _COLUMNS_WITH[word] == 1 and not word.isdecimal()}
    for column, words in VOCABULARY.items()
}
"""For each category column, the words of no other one."""
_TELEPHONE: Final = frozenset(
    {"telefon", "telefone", "telefono", "telefoon", "telephone", "teléfono", "téléphone"}
)
"""Words for a phone, which with Yes and No below it is PhoneService."""
MOST_COLUMNS: Final = 200
"""Columns of the sender that are compared."""
_WORD: Final = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|[0-9]+")


@dataclass(frozen=True)
class Likely:
    """The sender's column at a `place`, from 0.

    It `fits` unless its values speak against it; `own_words`: they are words of this column alone.
    """

    place: int
    fits: bool
    own_words: bool


def likely_columns(
    schema: DataFrameSchema,
    missing: Sequence[str],
    names: Mapping[int, str],
    cells: Sequence[Sequence[str]],
    config: IngestConfig,
) -> dict[str, Likely]:
    """Match missing columns with the sender's, each at most once, the most certain pair first.

    Args:
        schema: The contract.
        missing: Columns of the contract.
        names: Names of the sender's other columns, by position.
        cells: The cells of every position in a few rows; there may be none.
        config: Value maps by which the cells are read.
    """
    pairs = []
    for place, name in islice(names.items(), MOST_COLUMNS):
        filled = [cell for cell in cells[place] if cell.strip()]
        for order, column in enumerate(missing):
            near = similarity(column, name)
            if _is_other_name(column, name):
                near = max(near, _NEAR_ENOUGH)
            if near < _NEAR_ENOUGH and column not in VOCABULARY:
                continue
            worth = _worth(schema, column, filled, config)
            if near >= _NEAR or worth == _OWN_WORDS or (worth == _FITS and near >= _NEAR_ENOUGH):
                pairs.append((-near - worth, order, place, worth))
    found: dict[str, Likely] = {}
    for _, order, place, worth in sorted(pairs):
        if missing[order] not in found and all(place != each.place for each in found.values()):
            found[missing[order]] = Likely(place, worth >= _UNKNOWN, worth == _OWN_WORDS)
    return found


def similarity(column: str, name: str) -> float:
    """Compare names as a whole and word by word, from 0 to 1; a tenth tells equal ones apart."""
    whole = _ratio(normalise_name(column), normalise_name(name))
    ours, theirs = _words(column), _words(name)
    shared = sum(any(_ratio(each, other) >= _SAME_WORD for other in theirs) for each in ours)
    return max(whole, 2 * shared / max(1, len(ours) + len(theirs))) * 0.9 + whole * 0.1


def _is_other_name(column: str, name: str) -> bool:
    """Return whether a name is the column's behind a prefix, or a word for a telephone."""
    is_telephone = column == "PhoneService" and not _TELEPHONE.isdisjoint(_words(name))
    return is_telephone or normalise_name(name).endswith(normalise_name(column))


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(name)]


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _worth(schema: DataFrameSchema, column: str, filled: list[str], config: IngestConfig) -> float:
    """Judge a few filled cells as values of a column."""
    if not filled:
        return _UNKNOWN
    if column in VOCABULARY:
        words, _ = canonical_values(column, filled, config)
        kept = [word in VOCABULARY[column] for word in words]
        worth = _FITS if _OWN[column].isdisjoint(words) else _OWN_WORDS
    else:
        parsed, worth = parse_cells(range(len(filled)), {column: filled}, config), _FITS
        kept = np.all([keeps_column(schema, part, parsed.series(part)) for part in parsed.columns], axis=0)
    repeated = column == ID and len(set(filled)) < len(filled)
    return _MISFIT if repeated or np.mean(kept) < _FITTING_SHARE else worth
