"""Normalise names and values, so that spelling alone never costs a row; the rest needs configuration."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from schemas.columns import CATEGORIES, EXTRACT_ORDER, TARGET
from schemas.config import IngestConfig
from tasks.core.contract.quirks import DECIMAL_CODE, NO_BREAK_BLANK, bare
from tasks.core.errors import ConfigError

_IGNORED_IN_NAMES = str.maketrans("", "", " \u00a0\u202f_.\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Includes no-break and zero-width blanks: copied from a web page or typed in French, they look the same."""
VOCABULARY = {**CATEGORIES, TARGET: ("No", "Yes")}
"""Closed set of values for each column except numbers and the id."""
_DECIMAL_CODE: Final = re.compile(r"([0-9]+)\.0+")
"""How programs write a column of codes that has gaps: 1.0 for 1."""


def normalise_name(name: str) -> str:
    """Remove case, blanks, `_` and `.` from a column name: 'Monthly_Charges' -> 'monthlycharges'.

    Accents are composed, since some systems send a letter and its accent as two characters.
    """
    return unicodedata.normalize("NFC", name).casefold().translate(_IGNORED_IN_NAMES)


def normalise_value(value: str) -> str:
    """Remove case and surrounding blanks from a category value, and compose its accents: ' YES' -> 'yes'."""
    return unicodedata.normalize("NFC", value).strip(" \t").casefold()


def contract_names(header: tuple[str, ...], config: IngestConfig) -> list[str | None]:
    """Map each header name to a column of the contract, or to None.

    Raises:
        ConfigError: an alias maps to a column that is not in the contract.
    """
    names = {normalise_name(column): column for column in EXTRACT_ORDER}
    for alias, column in config.aliases.items():
        if column not in EXTRACT_ORDER:
            raise ConfigError(
                f"ingest.aliases: '{alias}' maps to '{column}', which is not a column of the contract."
                " See docs/data-contract.md."
            )
        names[normalise_name(alias)] = column
    return [names.get(normalise_name(name)) for name in header]


def category_words(column: str, config: IngestConfig) -> dict[str, str]:
    """Return the normalised words for each value of a category column, with those that the operator maps."""
    words = {normalise_value(value): value for value in VOCABULARY[column]}
    return words | {
        normalise_value(theirs): ours for theirs, ours in config.value_maps.get(column, {}).items()
    }


def canonical_values(
    column: str, cells: Sequence[str], config: IngestConfig
) -> tuple[list[str], list[str | None]]:
    """Write the N values of a category column as the contract does; unknown values stay as sent.

    The second list has the quirk of each value that has one. The value maps must have been checked before
    (`check_value_maps`).
    """
    spellings = category_words(column, config)
    canonical = {value: _canonical(value, spellings) for value in set(cells)}
    return [canonical[value][0] for value in cells], [canonical[value][1] for value in cells]


def _canonical(value: str, spellings: dict[str, str]) -> tuple[str, str | None]:
    if (plain := normalise_value(value)) in spellings:
        return spellings[plain], None
    if (plain := normalise_value(bare(value))) in spellings:
        return spellings[plain], NO_BREAK_BLANK
    code = _DECIMAL_CODE.fullmatch(plain)
    if code and code[1] in spellings:
        return spellings[code[1]], DECIMAL_CODE
    return bare(value), None


def is_disguised(column: str, value: str) -> bool:
    """Return whether an unknown value of a category column looks exactly like one of the contract."""
    return _as_seen(value) in set(map(_as_seen, VOCABULARY[column]))


def _as_seen(value: str) -> str:
    """Write a value with ordinary dashes and single blanks, and without characters that are not seen."""
    seen = {"Pd": "-", "Zs": " ", "Cf": ""}
    text = unicodedata.normalize("NFKC", value)
    return " ".join("".join(seen.get(unicodedata.category(each), each) for each in text).split()).casefold()


def check_value_maps(config: IngestConfig) -> None:
    """Refuse value maps that cannot be applied.

    Raises:
        ConfigError: a map is for a column without a vocabulary, or maps to a value outside it.
    """
    for column, values in config.value_maps.items():
        if column not in VOCABULARY:
            raise ConfigError(f"ingest.value_maps: '{column}' is not a category column of the contract.")
        unknown = sorted(set(values.values()) - set(VOCABULARY[column]))
        if unknown:
            raise ConfigError(
                f"ingest.value_maps: {column} has no values {unknown}; expected one of"
                f" {list(VOCABULARY[column])}."
            )
