"""Refuse an extract as a whole file: each reason is one line that names the way out."""

import difflib
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pandas as pd

from schemas.columns import CATEGORIES, TARGET
from schemas.quarantine_reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.contract.column_names import quoted
from tasks.core.contract.vocabulary import VOCABULARY, fold_name
from tasks.core.errors import ExtractError, UnnamedError
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.dialect import wrong_encoding

_LINES_SHOWN = 3
_MOST_FAULTS_KEPT = 1_000_000
"""Faults written of a refused extract: enough to mend any export, and few enough to hold."""
_NEAR = 0.6
"""Likeness (difflib ratio) from which a sender's column name is offered as a near match."""
_EXPORT_OR_DECLARE = "Export them, or declare the sender's names in ingest.aliases."
_BEFORE_ENCODING = "It is one-hot encoded: export the CRM's own columns, as they are before the encoding."


def refuse_header(header: tuple[str, ...], known: list[str | None], wanted: list[str]) -> None:
    """Refuse a file without a header, with a column twice, or with columns missing.

    Raises:
        UnnamedError: names all the columns at once, with near matches among those sent.
    """
    if not any(known):
        raise UnnamedError(
            "has no header: its first line names no column of the contract. Export it with the"
            f" {len(wanted)} column names on the first line, or declare names in other words or languages in"
            " ingest.aliases."
        )
    strangers = {
        place: sent
        for place, (sent, column) in enumerate(zip(header, known, strict=True), start=1)
        if not column
    }
    counts = Counter(fold_name(sent) for sent in strangers.values() if sent)
    twice = sorted(f"'{column}'" for column, count in Counter(known).items() if column and count > 1)
    twice += dict.fromkeys(
        quoted(sent, place) for place, sent in strangers.items() if counts[fold_name(sent)] > 1
    )
    if twice:
        raise UnnamedError(f"has columns twice: {', '.join(twice)}. Export each column once.")
    missing = [column for column in wanted if column not in known]
    if missing == [TARGET]:
        raise UnnamedError(
            f"has no column '{TARGET}'; training needs to know who left."
            " Send a labelled extract, or score this one."
        )
    if missing:
        encoded = _one_hot(missing, strangers)
        listed = ", ".join(
            f"'{column}'{' (one-hot)' if column in encoded else _near(column, strangers)}"
            for column in missing
        )
        raise UnnamedError(
            f"misses {len(missing)} of {len(wanted)} columns: {listed}."
            f" {_BEFORE_ENCODING if encoded else _EXPORT_OR_DECLARE}"
        )


def refuse_wrong_width(tally: Tally, expected: int) -> None:
    """Refuse a file most of whose lines have another number of fields than the header.

    Raises:
        UnnamedError: says how many fields the lines have.
    """
    lines = sum(tally.widths.values())
    if (lines - tally.widths[expected]) * 2 > lines:
        usual, count = max(
            ((w, n) for w, n in tally.widths.items() if w != expected), key=lambda item: item[1]
        )
        raise UnnamedError(
            f": the header has {expected} fields, but {count} of {lines} lines"
            f" have {usual}. Export header and rows with the same columns, and quote fields that hold"
            " the separator."
        )


def refuse_wrong_encoding(tally: Tally) -> None:
    """Refuse a file with more lines that are not UTF-8 than rows.

    Raises:
        UnnamedError: names the first offending byte.
    """
    if tally.first_bad_byte is not None and tally.broken["invalid_encoding"] > tally.rows:
        raise wrong_encoding(tally.first_bad_byte)


def refuse_no_rows(tally: Tally) -> None:
    """Refuse a header without customers.

    Raises:
        UnnamedError: nothing stands below the header.
    """
    if not tally.rows and not tally.broken:
        raise UnnamedError("has a header but no customers. Export it again.")


def refuse_blank_columns(tally: Tally, wanted: list[str]) -> None:
    """Refuse columns that hold nothing at all; imputing them would make customers up.

    Raises:
        UnnamedError: names all of them.
    """
    blank = [column for column in wanted if tally.rows and not tally.filled[column]]
    if blank:
        raise UnnamedError(f": nothing stands in {_quoted(blank)}. Export the values.")


def refuse_foreign_vocabulary(tally: Tally, categories: list[str]) -> None:
    """Refuse a category column most of whose values are strangers: another vocabulary, not bad rows.

    Raises:
        UnnamedError: names the columns and the values that are expected.
    """
    foreign = [column for column in categories if tally.known[column] * 2 < tally.rows]
    if foreign:
        listed = "; ".join(f"'{column}' expects {_quoted(VOCABULARY[column])}" for column in foreign)
        raise UnnamedError(
            f"uses another vocabulary on most rows: {listed}."
            " Export these values, or declare the sender's in ingest.value_maps."
        )


def refuse_mixed_origin(tally: Tally) -> None:
    """Refuse a file of simulated and other customers.

    Raises:
        UnnamedError: says how many there are of each.
    """
    if 0 < tally.simulated < tally.accepted:
        raise UnnamedError(
            f"mixes {tally.simulated} simulated customers with"
            f" {tally.accepted - tally.simulated} others. Send one kind a file."
        )


def refuse_lost_lines(counts: RowCounts) -> None:
    """Refuse a file of which a line is unaccounted for.

    Raises:
        UnnamedError: received is not accepted + quarantined + exact duplicates + blank lines.
    """
    if not counts.reconciles:
        found = counts.accepted + counts.quarantined + counts.exact_duplicates + counts.blank_lines
        raise UnnamedError(
            f": {counts.received} lines were received but {found} are accounted for."
            " Nothing was scored; export it again and report this file."
        )


def refuse_too_many_bad(
    counts: RowCounts,
    by_place: Counter[tuple[str, str]],
    quarantine: Iterator[pd.DataFrame],
    limit: float,
) -> None:
    """Refuse a file of which the share of quarantined rows reaches the limit.

    Raises:
        UnnamedError: carries the quarantine and names the most frequent reason and its hint.
    """
    rows = counts.received - counts.blank_lines
    if counts.quarantined and counts.quarantined >= limit * rows:
        (column, reason), lines = by_place.most_common(1)[0]
        place = f" in '{column}'" if column else ""
        first, listed = _first_lines(quarantine, column, reason)
        raise UnnamedError(
            f": {counts.quarantined} of {rows} rows are bad, {limit:.1%} is the limit"
            f" (ingest.max_quarantined_share); most often {reason}{place} ({lines} lines,"
            f" first {first}). {HINTS[reason]}",
            partial(ExtractError, quarantine=listed),
        )


def refuse_unlearnable(customers: pd.DataFrame, min_rows: int) -> None:
    """Refuse to learn from too few customers, or from customers who all did the same.

    Raises:
        UnnamedError: says how many there are and how many are needed.
    """
    if len(customers) < min_rows:
        raise UnnamedError(
            f"has {len(customers)} customers to learn from; expected at least {min_rows}"
            " (ingest.min_training_rows). Send a longer period."
        )
    classes = customers[TARGET].value_counts()
    if len(classes) < 2:  # noqa: PLR2004
        raise UnnamedError(
            f"has one class: '{TARGET}' is '{classes.index[0]}' for all {len(customers)}"
            " customers. Send customers who left and customers who stayed."
        )


def _near(column: str, strangers: dict[int, str]) -> str:
    by_fold = {fold_name(sent): quoted(sent, place) for place, sent in strangers.items()}
    near = difflib.get_close_matches(fold_name(column), list(by_fold), n=1, cutoff=_NEAR)
    return f" (is it {by_fold[near[0]]}?)" if near else ""


def _one_hot(missing: list[str], strangers: dict[int, str]) -> set[str]:
    """Find the missing columns that were sent one value a column; none, unless one has several such."""
    sent = [name.casefold() for name in strangers.values()]
    parts = Counter(
        column
        for column in missing
        if column in CATEGORIES
        for name in sent
        if name.startswith(f"{column}_".casefold())
    )
    return set(parts) if max(parts.values(), default=0) > 1 else set()


def _first_lines(quarantine: Iterator[pd.DataFrame], column: str, reason: str) -> tuple[str, pd.DataFrame]:
    """List the first lines with a fault, and the first faults there are, up to a bound."""
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
