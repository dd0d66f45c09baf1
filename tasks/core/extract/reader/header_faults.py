"""Say at once what is wrong with a file whose header cannot be used, judging by its first rows too."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pandera.pandas import DataFrameSchema

from schemas.columns import CATEGORIES, TARGET
from schemas.config import IngestConfig
from schemas.quarantine_reasons import HINTS
from tasks.core.contract.column_names import named, quoted
from tasks.core.contract.likely_charges import settle_charges
from tasks.core.contract.likely_columns import Likely, likely_columns
from tasks.core.contract.number_cells import parse_numbers
from tasks.core.contract.parse import parse_cells
from tasks.core.contract.personal_data import count_personal, judged_columns, personal_fault
from tasks.core.contract.row_judge import Judge
from tasks.core.contract.vocabulary import VOCABULARY, category_words, normalise_name, normalise_value
from tasks.core.errors import listing
from tasks.core.extract.reader.buried_names import buried_names_fault
from tasks.core.extract.reader.refusals import refuse, unknown_values_fault
from tasks.core.extract.text.dialect import Dialect
from tasks.core.extract.text.line_reader import SplitLines, read_lines

_LINES: Final = 1_000
"""Lines below the header that are judged."""
_FAULTS_LISTED: Final = 3
_MOST_COPIES: Final = 2
"""Times that a header has a name: two tables that were joined have it twice."""
_FEWEST_NAMES: Final = 3
"""Names of the contract that make a header; a line of values may hold one or two of them as words."""
_BINARY: Final = frozenset({"0", "1", "0.0", "1.0", "true", "false"})
_BEFORE_ENCODING: Final = (
    "The extract is one-hot encoded: export the original CRM columns, before the encoding."
)


@dataclass(frozen=True)
class _File:
    """A header, the contract's columns that it maps to, the `wanted` ones, and the first rows."""

    header: tuple[str, ...]
    known: list[str | None]
    wanted: list[str]
    rows: SplitLines
    schema: DataFrameSchema
    config: IngestConfig


def refuse_header(
    head: bytes,
    dialect: Dialect,
    known: list[str | None],
    wanted: list[str],
    schema: DataFrameSchema,
    config: IngestConfig,
) -> None:
    """Refuse a file without a header, or with duplicate or missing columns.

    Args:
        head: The first bytes of the file.
        dialect: How the file is written.
        known: The contract's column for each name of the header, or None.
        wanted: The columns needed.
        schema: The contract.
        config: How the file is read.

    Raises:
        UnnamedError: lists all affected columns, with the likely ones among those sent, and whatever else the
            first rows show to be wrong.
    """
    duplicates = _duplicates(dialect.header, known)
    missing = [column for column in wanted if column not in known]
    if not duplicates and not missing:
        return
    file = _File(dialect.header, known, wanted, _first_rows(head, dialect), schema, config)
    unmatched = {place: name for place, name in enumerate(file.header) if not known[place]}
    encoded = _one_hot(missing, unmatched, file.rows)
    sought = [column for column in missing if column not in encoded]
    likely = likely_columns(schema, sought, unmatched, file.rows.cells, config)
    likely = settle_charges(likely, known, unmatched, file.rows.cells)
    values = _count_values(file.header, file.rows, config)
    if not _is_header(file.header, known, values):
        within = {} if values else _names_within(file, likely)
        if buried := buried_names_fault(head, dialect, config, _aliases(file, within)):
            refuse([buried])
        likely = {} if values else {column: each for column, each in likely.items() if each.own_words}
        unnamed = replace(file, header=("",) * len(file.header))
        refuse([_no_header(file, values, likely), *_faults_of_rows(unnamed, likely)])
    faults = [_missing(file, missing, encoded, likely)] if missing else []
    if duplicates:
        faults.append(f"has duplicate columns: {listing(duplicates)}. Export each column once.")
    refuse([*faults, *_faults_of_rows(file, likely)])


def _is_header(header: tuple[str, ...], known: list[str | None], values: int) -> bool:
    """Tell a header from a line of values, which may hold a name of the contract, too: Contract, Partner.

    A header has some names of the contract, all of them if it has no more columns, and fewer `values`.
    """
    names = len({column for column in known if column})
    return names >= min(_FEWEST_NAMES, len(header)) and names > values


def _count_values(header: tuple[str, ...], rows: SplitLines, config: IngestConfig) -> int:
    """Count what is a value in the first line, not a name.

    That is a number, a word for a category, a text that is in the same column below, and each further copy
    of a text that occurs more than twice.
    """
    _, forms = parse_numbers(header)
    words = {word for column in VOCABULARY for word in category_words(column, config)}
    texts = [normalise_name(name) for name in header]
    values = sum(
        form not in ("text", "blank") or normalise_value(name) in words or name in cells
        for name, form, text, cells in zip(header, forms, texts, map(set, rows.cells), strict=True)
        if text
    )
    repeats = Counter(filter(None, texts)).values()
    return values + sum(times - _MOST_COPIES for times in repeats if times > _MOST_COPIES)


def _first_rows(head: bytes, dialect: Dialect) -> SplitLines:
    lines = head[dialect.offset :].split(dialect.newline, dialect.header_line + _LINES)
    below = lines[dialect.header_line : dialect.header_line + _LINES]
    return read_lines(((number, 0, line) for number, line in enumerate(below, start=1)), dialect)


def _duplicates(header: tuple[str, ...], known: list[str | None]) -> list[str]:
    """List the columns of the contract that were sent twice, and other names that were."""
    unmatched = {place: name for place, name in enumerate(header, start=1) if not known[place - 1]}
    counts = Counter(normalise_name(name) for name in unmatched.values() if name)
    twice = sorted(f"'{column}'" for column, count in Counter(known).items() if column and count > 1)
    others = (quoted(name, place) for place, name in unmatched.items() if counts[normalise_name(name)] > 1)
    return [*twice, *dict.fromkeys(others)]


def _missing(file: _File, missing: list[str], encoded: set[str], likely: dict[str, Likely]) -> str:
    if missing == [TARGET] and not likely:
        return (
            f"has no column '{TARGET}'; training needs to know who churned."
            " Send an extract with outcomes, or score this one instead."
        )
    listed = ", ".join(
        f"'{column}'{' (one-hot)' if column in encoded else _suggestion(file, likely.get(column))}"
        for column in missing
    )
    said = f"is missing {len(missing)} of {len(file.wanted)} columns: {listed}."
    if encoded:
        return f"{said} {_BEFORE_ENCODING}"
    return f"{said} Export them, or map the sender's names in {_aliases(file, likely)}."


def _no_header(file: _File, values: int, likely: dict[str, Likely]) -> str:
    names = len({column for column in file.known if column})
    few = f"only {names} column name{'s' if names > 1 else ''}" if names else "no column name"
    found = "values" if values and names else f"{few} from the contract"
    return (
        f"has no header: its first line contains {found}. Export it with the"
        f" {len(file.wanted)} column names on the first line, or map other names in {_aliases(file, likely)}."
    )


def _names_within(file: _File, likely: dict[str, Likely]) -> dict[str, Likely]:
    """Keep the columns whose names are a part of the sender's, as behind a prefix."""
    return {
        column: each
        for column, each in likely.items()
        if normalise_name(column) in normalise_name(file.header[each.place])
    }


def _suggestion(file: _File, likely: Likely | None) -> str:
    if likely is None:
        return ""
    column = quoted(file.header[likely.place], likely.place + 1)
    return f" (is it {column}?)" if likely.fits else f" (is it {column}, with other values?)"


def _aliases(file: _File, likely: dict[str, Likely]) -> str:
    """Write the setting that maps the likely columns, ready to be copied."""
    fitting = {
        column: file.header[likely[column].place]
        for column in file.wanted
        if column in likely and likely[column].fits
    }
    pairs = [f"{name}: {column}" for column, name in fitting.items() if named(name, 0) == name]
    return f"ingest.aliases: {{{', '.join(pairs)}}}" if pairs else "ingest.aliases"


def _one_hot(missing: list[str], unmatched: dict[int, str], rows: SplitLines) -> set[str]:
    """Find the missing columns that were sent one-hot encoded; at least one must have several parts.

    A part has the column's name before one of its values, or holds nothing but zeros and ones.
    """
    parts: Counter[str] = Counter()
    for column in (column for column in missing if column in CATEGORIES):
        values = {normalise_name(value) for value in VOCABULARY[column]}
        for place, name in unmatched.items():
            if name.casefold().startswith(f"{column}_".casefold()):
                value = normalise_name(name[len(column) + 1 :])
                cells = {cell.strip().casefold() for cell in rows.cells[place]}
                parts[column] += value in values or (len(cells) > 1 and cells <= _BINARY)
    return {column for column in parts if parts[column]} if max(parts.values(), default=0) > 1 else set()


def _faults_of_rows(file: _File, likely: dict[str, Likely]) -> Iterator[str]:
    """Yield what the first rows show to be wrong, besides the header."""
    places = {each.place: column for column, each in likely.items()}
    known = [places.get(place, column) for place, column in enumerate(file.known)]
    misfits = {each.place for each in likely.values() if not each.fits}
    rows = len(file.rows.numbers)
    if not rows:
        return
    sure = [column if place not in misfits else None for place, column in enumerate(known)]
    searched = judged_columns(file.header, sure, file.config.allow_personal_columns)
    found: Counter[tuple[int, str]] = Counter()
    filled: Counter[int] = Counter()
    for place, kinds in searched.items():
        cells = Counter(file.rows.cells[place])
        filled[place] = sum(times for cell, times in cells.items() if cell.strip())
        found.update({(place, kind): times for kind, times in count_personal(cells, kinds).items()})
    personal = personal_fault(file.header, sure, searched, found, filled)
    if personal:
        yield personal
    sent = {column: file.rows.cells[known.index(column)] for column in file.wanted if column in known}
    parsed = parse_cells(file.rows.numbers, sent, file.config)
    counts = Counter((column, reason) for _, column, reason in Judge(file.schema).cell_faults(parsed))
    unknown = [
        column for column in sent if column in VOCABULARY and counts[column, "unknown_category"] * 2 > rows
    ]
    if unknown:
        yield unknown_values_fault(unknown, f"most of the first {rows} rows")
    counts = Counter({place: lines for place, lines in counts.items() if place[0] not in unknown})
    for (column, reason), lines in counts.most_common(_FAULTS_LISTED):
        if lines >= file.config.max_quarantined_share * rows:
            yield f": {lines} of the first {rows} rows have {reason} in '{column}'. {HINTS[reason]}"
