"""Refuse a whole extract, with a one-line reason that says how to fix it."""

import difflib
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pandas as pd

from schemas.columns import CATEGORIES, TARGET
from schemas.quarantine_reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.contract.column_names import quoted
from tasks.core.contract.vocabulary import VOCABULARY, normalise_name
from tasks.core.errors import ExtractError, UnnamedError, listing
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.dialect import wrong_encoding

_TOTAL_BLANK = "total_blank"
_LINES_SHOWN = 3
_MOST_FAULTS_KEPT = 1_000_000
"""Faults listed for a refused extract: enough to fix any export, and they fit in memory."""
_NEAR = 0.6
"""Similarity (difflib ratio) at which one of the sender's column names is suggested as a match."""
_EXPORT_OR_DECLARE = "Export them, or map the sender's names in ingest.aliases."
_BEFORE_ENCODING = "The extract is one-hot encoded: export the original CRM columns, before the encoding."


def refuse_header(header: tuple[str, ...], known: list[str | None], wanted: list[str]) -> None:
    """Refuse a file without a header, or with duplicate or missing columns.

    Raises:
        UnnamedError: lists all affected columns, with similar names among those sent.
    """
    if not any(known):
        raise UnnamedError(
            "has no header: its first line contains no column name from the contract. Export it with the"
            f" {len(wanted)} column names on the first line, or map other names in ingest.aliases."
        )
    unmatched = {
        place: name
        for place, (name, column) in enumerate(zip(header, known, strict=True), start=1)
        if not column
    }
    counts = Counter(normalise_name(name) for name in unmatched.values() if name)
    twice = sorted(f"'{column}'" for column, count in Counter(known).items() if column and count > 1)
    twice += dict.fromkeys(
        quoted(name, place) for place, name in unmatched.items() if counts[normalise_name(name)] > 1
    )
    if twice:
        raise UnnamedError(f"has duplicate columns: {listing(twice)}. Export each column once.")
    missing = [column for column in wanted if column not in known]
    if missing == [TARGET]:
        raise UnnamedError(
            f"has no column '{TARGET}'; training needs to know who churned."
            " Send an extract with outcomes, or score this one instead."
        )
    if missing:
        encoded = _one_hot(missing, unmatched)
        listed = ", ".join(
            f"'{column}'{' (one-hot)' if column in encoded else _near(column, unmatched)}"
            for column in missing
        )
        raise UnnamedError(
            f"is missing {len(missing)} of {len(wanted)} columns: {listed}."
            f" {_BEFORE_ENCODING if encoded else _EXPORT_OR_DECLARE}"
        )


def refuse_wrong_width(tally: Tally, expected: int) -> None:
    """Refuse a file in which most lines have a different number of fields from the header.

    Raises:
        UnnamedError: gives the number of fields found.
    """
    lines = sum(tally.widths.values())
    if (lines - tally.widths[expected]) * 2 > lines:
        usual, count = max(
            ((w, n) for w, n in tally.widths.items() if w != expected), key=lambda item: item[1]
        )
        raise UnnamedError(
            f": the header has {expected} fields, but {count} of {lines} lines"
            f" have {usual}. Export header and rows with the same columns, and quote fields that contain"
            " the separator."
        )


def refuse_wrong_encoding(tally: Tally) -> None:
    """Refuse a file with more lines that are not UTF-8 than valid rows.

    Raises:
        UnnamedError: gives the first offending byte.
    """
    if tally.first_bad_byte is not None and tally.broken["invalid_encoding"] > tally.rows:
        raise wrong_encoding(tally.first_bad_byte)


def refuse_no_rows(tally: Tally) -> None:
    """Refuse a header without customers.

    Raises:
        UnnamedError: there is nothing below the header.
    """
    if not tally.rows and not tally.broken:
        raise UnnamedError("has a header but no customers. Export it again.")


def refuse_blank_columns(
    tally: Tally, wanted: list[str], by_place: Counter[tuple[str, str]], limit: float
) -> None:
    """Refuse columns that are blank in every row, where that makes the rows bad; imputing would invent data.

    In a batch of new customers TotalCharges may be blank throughout.

    Args:
        tally: The whole extract's.
        wanted: The columns to look at.
        by_place: Number of faults by column and reason.
        limit: Share of bad rows at which the extract is refused anyway.

    Raises:
        UnnamedError: lists all of them.
    """
    reasons: set[str] = set()
    blank = []
    for column in (column for column in wanted if not tally.filled[column]):
        faults = {reason: count for (place, reason), count in by_place.items() if place == column}
        if faults and (not tally.accepted or sum(faults.values()) >= limit * tally.rows):
            blank.append(column)
            reasons |= faults.keys()
    if blank:
        hint = f" {HINTS[_TOTAL_BLANK]}" if _TOTAL_BLANK in reasons else ""
        raise UnnamedError(f"has no values in {_quoted(blank)}. Export the values.{hint}")


def refuse_foreign_vocabulary(tally: Tally, categories: list[str]) -> None:
    """Refuse category columns whose values are mostly unknown: a different vocabulary, not bad rows.

    Raises:
        UnnamedError: lists the columns and their expected values.
    """
    foreign = [column for column in categories if tally.known[column] * 2 < tally.rows]
    if foreign:
        listed = "; ".join(f"'{column}' expects {_quoted(VOCABULARY[column])}" for column in foreign)
        raise UnnamedError(
            f"uses unknown values in most rows: {listed}."
            " Export these values, or map the sender's in ingest.value_maps."
        )


def refuse_mixed_origin(tally: Tally) -> None:
    """Refuse a file that mixes simulated and real customers.

    Raises:
        UnnamedError: gives the number of each.
    """
    if 0 < tally.simulated < tally.accepted:
        raise UnnamedError(
            f"mixes {tally.simulated} simulated customers with"
            f" {tally.accepted - tally.simulated} others. Send them in separate files."
        )


def refuse_lost_lines(counts: RowCounts) -> None:
    """Refuse a file if any line is unaccounted for.

    Raises:
        UnnamedError: received is not accepted + quarantined + exact duplicates + blank lines.
    """
    if not counts.reconciles:
        found = counts.accepted + counts.quarantined + counts.exact_duplicates + counts.blank_lines
        raise UnnamedError(
            f": {counts.received} lines were received but {found} are accounted for."
            " Nothing was scored. Export the file again, and report this as a bug."
        )


def refuse_too_many_bad(
    counts: RowCounts,
    by_place: Counter[tuple[str, str]],
    quarantine: Iterator[pd.DataFrame],
    limit: float,
) -> None:
    """Refuse a file in which the share of quarantined rows reaches the limit.

    Raises:
        UnnamedError: carries the quarantine, and names the most frequent reason with its hint.
    """
    rows = counts.received - counts.blank_lines
    if counts.quarantined and counts.quarantined >= limit * rows:
        (column, reason), lines = by_place.most_common(1)[0]
        place = f" in '{column}'" if column else ""
        first, listed = _first_lines(quarantine, column, reason)
        raise UnnamedError(
            f": {counts.quarantined} of {rows} rows are bad; the limit is {limit:.1%}"
            f" (ingest.max_quarantined_share); most often {reason}{place} ({lines} lines,"
            f" first {first}). {HINTS[reason]}",
            partial(ExtractError, quarantine=listed),
        )


def refuse_unlearnable(customers: pd.DataFrame, min_rows: int) -> None:
    """Refuse to train on too few customers, or on customers of a single class.

    Raises:
        UnnamedError: gives the number of customers and the number needed.
    """
    if len(customers) < min_rows:
        raise UnnamedError(
            f"has {len(customers)} customers to train on; expected at least {min_rows}"
            " (ingest.min_training_rows). Send a larger extract."
        )
    classes = customers[TARGET].value_counts()
    if len(classes) < 2:  # noqa: PLR2004
        raise UnnamedError(
            f"has only one class: '{TARGET}' is '{classes.index[0]}' for all {len(customers)}"
            " customers. Send customers who churned and customers who stayed."
        )


def _near(column: str, unmatched: dict[int, str]) -> str:
    by_normalised = {normalise_name(name): quoted(name, place) for place, name in unmatched.items()}
    near = difflib.get_close_matches(normalise_name(column), list(by_normalised), n=1, cutoff=_NEAR)
    return f" (is it {by_normalised[near[0]]}?)" if near else ""


def _one_hot(missing: list[str], unmatched: dict[int, str]) -> set[str]:
    """Find the missing columns that were sent one-hot encoded; at least one must have several parts."""
    names = [name.casefold() for name in unmatched.values()]
    parts = Counter(
        column
        for column in missing
        if column in CATEGORIES
        for name in names
        if name.startswith(f"{column}_".casefold())
    )
    return set(parts) if max(parts.values(), default=0) > 1 else set()


def _first_lines(quarantine: Iterator[pd.DataFrame], column: str, reason: str) -> tuple[str, pd.DataFrame]:
    """Return the first lines with this fault, and the first faults of any kind up to the limit."""
    kept: list[pd.DataFrame] = []
    first: list[int] = []
    for faults in quarantine:
        here = faults.loc[(faults["column"] == column) & (faults["reason"] == reason), "line"]
        first += here.head(_LINES_SHOWN - len(first)).tolist()
        if sum(map(len, kept)) < _MOST_FAULTS_KEPT:
            kept.append(faults)
        elif len(first) == _LINES_SHOWN:
            break
    return ", ".join(map(str, first)), pd.concat(kept, ignore_index=True).head(_MOST_FAULTS_KEPT)


def _quoted(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(f"'{each}'" for each in names)
