"""Find column names that are in a file, but not as the fields of its first line."""

from typing import Final

from schemas.columns import EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.contract.vocabulary import contract_names, normalise_name
from tasks.core.extract.text.dialect import Dialect
from tasks.core.extract.text.separator import SEPARATORS, fields_of

_LINES: Final = 10
_FEWEST_NAMES: Final = 3
_COLUMNS: Final = {normalise_name(column): column for column in EXTRACT_ORDER}


def buried_names_fault(head: bytes, dialect: Dialect, config: IngestConfig, aliases: str) -> str | None:
    """Say on which of the first lines the names are, and what keeps them from being read; None without them.

    Args:
        head: The first bytes of the file.
        dialect: How it is written, as far as its first line tells.
        config: The sender's own names.
        aliases: The setting that maps those that are parts of other names.
    """
    lines = head[dialect.offset :].split(dialect.newline, _LINES)[:_LINES]
    for number, line in enumerate(lines, start=1):
        text = line.decode("utf-8", "replace")
        named = {column for name, column in _COLUMNS.items() if name in normalise_name(text)}
        known, others = max((_known(text, separator, config) for separator in SEPARATORS), key=_most_known)
        if len(named - known) >= _FEWEST_NAMES:
            return _not_fields(number, aliases if len(dialect.header) >= _FEWEST_NAMES else None)
        if len(known) >= max(_FEWEST_NAMES, others) and number > dialect.header_line:
            return f"has its column names on line {number}. Export it without the lines above them."
    return None


def _known(text: str, separator: str, config: IngestConfig) -> tuple[set[str], int]:
    """Return the columns that are fields of a line, and the number of its other fields."""
    columns = contract_names(tuple(filter(None, fields_of(text, separator))), config)
    return {column for column in columns if column}, columns.count(None)


def _most_known(found: tuple[set[str], int]) -> int:
    return len(found[0])


def _not_fields(number: int, aliases: str | None) -> str:
    mapped = f"; or map the names as sent in {aliases}" if aliases else ""
    return (
        f"has column names of the contract on line {number}, but not as fields of their own. Separate them"
        " with ',', ';', '|' or a tab, without prefixes, types, blanks before quotes, quotes other than '\"',"
        f" or quotes around the whole line{mapped}."
    )
