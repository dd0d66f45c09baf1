"""Fold names and values so that spelling alone never costs a row; anything further is declared."""

from collections.abc import Sequence

from schemas.columns import CATEGORIES, EXTRACT_ORDER, TARGET
from schemas.config import IngestConfig
from tasks.core.errors import ConfigError

_IGNORED_IN_NAMES = str.maketrans("", "", " \u00a0\u202f_.")
"""Blanks too that do not break a line: copied from a web page or typed in French, they look the same."""
VOCABULARY = {**CATEGORIES, TARGET: ("No", "Yes")}
"""Closed set of values of each column that is no number and no id."""


def fold_name(name: str) -> str:
    """Fold case, blanks, `_` and `.` of a column name: 'Monthly_Charges' -> 'monthlycharges'."""
    return name.casefold().translate(_IGNORED_IN_NAMES)


def fold_value(value: str) -> str:
    """Fold case and outer blanks of a category value: ' YES' -> 'yes'."""
    return value.strip(" \t").casefold()


def contract_names(header: tuple[str, ...], config: IngestConfig) -> list[str | None]:
    """Give each header name the contract's column it stands for, or None where it stands for none.

    Raises:
        ConfigError: an alias points to a column that the contract does not have.
    """
    names = {fold_name(column): column for column in EXTRACT_ORDER}
    for alias, column in config.aliases.items():
        if column not in EXTRACT_ORDER:
            raise ConfigError(
                f"ingest.aliases: '{alias}' stands for '{column}', which is no column of the contract."
                " docs/data-contract.md lists them."
            )
        names[fold_name(alias)] = column
    return [names.get(fold_name(name)) for name in header]


def canonical_values(column: str, cells: Sequence[str], config: IngestConfig) -> list[str]:
    """Write the values of a category column, N texts, as the contract does; leave strangers as sent.

    The config's value maps were checked before (`check_value_maps`).
    """
    spellings = {fold_value(value): value for value in VOCABULARY[column]}
    for theirs, ours in config.value_maps.get(column, {}).items():
        spellings[fold_value(theirs)] = ours
    canonical = {value: spellings.get(fold_value(value), value.strip(" \t")) for value in set(cells)}
    return [canonical[value] for value in cells]


def check_value_maps(config: IngestConfig) -> None:
    """Refuse value maps that cannot be applied.

    Raises:
        ConfigError: a map names a column without a vocabulary, or a value outside it.
    """
    for column, values in config.value_maps.items():
        if column not in VOCABULARY:
            raise ConfigError(f"ingest.value_maps: '{column}' is no category column of the contract.")
        strangers = sorted(set(values.values()) - set(VOCABULARY[column]))
        if strangers:
            raise ConfigError(
                f"ingest.value_maps: {column} has no value {strangers}; expected one of"
                f" {list(VOCABULARY[column])}."
            )
