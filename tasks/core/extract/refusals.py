"""Refuse an extract as a whole file: each reason is one line that names the way out."""

import difflib
from collections import Counter

import pandas as pd

from schemas.columns import CATEGORIES, EXTRACT_ORDER, TARGET
from schemas.reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.errors import ExtractError
from tasks.core.extract.folding import fold_name
from tasks.core.extract.lines import Lines

_NEAR = 0.6
"""Likeness (difflib ratio) from which a sender's column name is offered as a near match."""


def refuse_header(header: tuple[str, ...], known: list[str | None], wanted: list[str], name: str) -> None:
    """Refuse a file without a header, with a column twice, or with columns missing.

    Raises:
        ExtractError: names all the columns at once, with near matches among those sent.
    """
    if not any(known):
        raise ExtractError(
            f"extract '{name}' has no header: its first line names no column of the contract."
            f" Export it with the {len(EXTRACT_ORDER)} column names on the first line."
        )
    twice = sorted(column for column, count in Counter(known).items() if column and count > 1)
    named = Counter(
        fold_name(sent) for sent, column in zip(header, known, strict=True) if not column and sent
    )
    twice += sorted({sent for sent in header if named[fold_name(sent)] > 1})
    if twice:
        raise ExtractError(f"extract '{name}' has columns twice: {_quoted(twice)}. Export each column once.")
    missing = [column for column in wanted if column not in known]
    if missing == [TARGET]:
        raise ExtractError(
            f"extract '{name}' has no column '{TARGET}'; training needs to know who left."
            " Send a labelled extract, or score this one."
        )
    if missing:
        strangers = [sent for sent, column in zip(header, known, strict=True) if not column]
        listed = ", ".join(f"'{column}'{_near(column, strangers)}" for column in missing)
        raise ExtractError(
            f"extract '{name}' misses {len(missing)} of {len(wanted)} columns: {listed}."
            " Export them, or declare the sender's names in ingest.aliases."
        )


def refuse_no_rows(lines: Lines, name: str) -> None:
    """Refuse a header without customers.

    Raises:
        ExtractError: nothing stands below the header.
    """
    if not len(lines.cells) and not lines.faults:
        raise ExtractError(f"extract '{name}' has a header but no customers. Export it again.")


def refuse_blank_columns(cells: pd.DataFrame, name: str) -> None:
    """Refuse columns that hold nothing at all; imputing them would make customers up.

    Raises:
        ExtractError: names all of them.
    """
    blank = [str(column) for column in cells if len(cells) and not any(map(str.strip, cells[column]))]
    if blank:
        raise ExtractError(f"extract '{name}': nothing stands in {_quoted(blank)}. Export the values.")


def refuse_foreign_vocabulary(parsed: pd.DataFrame, name: str) -> None:
    """Refuse a category column most of whose values are strangers: another vocabulary, not bad rows.

    Raises:
        ExtractError: names the columns and the values that are expected.
    """
    foreign = {
        column: values
        for column, values in {**CATEGORIES, TARGET: ("No", "Yes")}.items()
        if column in parsed and len(parsed) and not parsed[column].isin(values).mean() >= 1 / 2
    }
    if foreign:
        listed = "; ".join(f"'{column}' expects {_quoted(values)}" for column, values in foreign.items())
        raise ExtractError(
            f"extract '{name}' uses another vocabulary on most rows: {listed}."
            " Export these values, or declare the sender's in ingest.value_maps."
        )


def refuse_lost_lines(counts: RowCounts, name: str) -> None:
    """Refuse a file of which a line is unaccounted for.

    Raises:
        ExtractError: received is not accepted + quarantined + exact duplicates + blank lines.
    """
    if not counts.reconciles:
        found = counts.accepted + counts.quarantined + counts.exact_duplicates + counts.blank_lines
        raise ExtractError(
            f"extract '{name}': {counts.received} lines were received but {found} are accounted for."
            " Nothing was scored; export it again and report this file."
        )


def refuse_too_many_bad(counts: RowCounts, quarantine: pd.DataFrame, limit: float, name: str) -> None:
    """Refuse a file of which the share of quarantined rows reaches the limit.

    Raises:
        ExtractError: carries the quarantine and names the most frequent reason and its hint.
    """
    rows = counts.received - counts.blank_lines
    if counts.quarantined and counts.quarantined >= limit * rows:
        (column, reason), lines = Counter(
            quarantine[["column", "reason"]].itertuples(index=False, name=None)
        ).most_common(1)[0]
        place = f" in '{column}'" if column else ""
        raise ExtractError(
            f"extract '{name}': {counts.quarantined} of {rows} rows are bad, {limit:.1%} is the limit"
            f" (ingest.max_quarantined_share); most often {reason}{place} ({lines} lines,"
            f" first {_first_lines(quarantine, column, reason)}). {HINTS[reason]}",
            quarantine=quarantine,
        )


def refuse_unlearnable(customers: pd.DataFrame, min_rows: int, name: str) -> None:
    """Refuse to learn from too few customers, or from customers who all did the same.

    Raises:
        ExtractError: says how many there are and how many are needed.
    """
    if len(customers) < min_rows:
        raise ExtractError(
            f"extract '{name}' has {len(customers)} customers to learn from; expected at least {min_rows}"
            " (ingest.min_training_rows). Send a longer period."
        )
    classes = customers[TARGET].value_counts()
    if len(classes) < 2:  # noqa: PLR2004
        raise ExtractError(
            f"extract '{name}' has one class: '{TARGET}' is '{classes.index[0]}' for all {len(customers)}"
            " customers. Send customers who left and customers who stayed."
        )


def _near(column: str, strangers: list[str]) -> str:
    by_fold = {fold_name(sent): sent for sent in strangers}
    near = difflib.get_close_matches(fold_name(column), list(by_fold), n=1, cutoff=_NEAR)
    return f" (is it '{by_fold[near[0]]}'?)" if near else ""


def _first_lines(quarantine: pd.DataFrame, column: str, reason: str) -> str:
    lines = quarantine.loc[(quarantine["column"] == column) & (quarantine["reason"] == reason), "line"]
    return ", ".join(str(line) for line in lines.head(3))


def _quoted(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(f"'{each}'" for each in names)
