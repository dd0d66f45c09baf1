"""Refuse a whole extract in one line that names all of its faults and says how to fix them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pandas as pd

from schemas.columns import TARGET
from schemas.quarantine_reasons import DISGUISED, HINTS
from schemas.reports import RowCounts
from tasks.core.contract.vocabulary import VOCABULARY
from tasks.core.errors import ChurnError, ExtractError, UnnamedError, listing
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.control_signs import named_sign
from tasks.core.extract.text.dialect import wrong_encoding

_TOTAL_BLANK = "total_blank"
_LINES_SHOWN = 3
_MOST_FAULTS_KEPT = 1_000_000
"""Faults listed for a refused extract: enough to fix any export, and they fit in memory."""
_REASONS_SHOWN = 4


def refuse(faults: Sequence[str], kind: Callable[[str], ChurnError] = ExtractError) -> None:
    """Refuse a file for all of its faults at once: predicates of the file or, after a colon, sentences.

    Raises:
        UnnamedError: there is a fault; `kind` builds the error that people see.
    """
    if len(faults) > 1:
        numbered = " ".join(f"({number}) {_sentence(fault)}" for number, fault in enumerate(faults, start=1))
        raise UnnamedError(f"has {len(faults)} faults. {numbered}", kind)
    for fault in faults:
        raise UnnamedError(fault, kind)


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
        advice = (
            "Separate header and rows by the same sign, and do not quote whole lines."
            if usual == 1
            else "Export header and rows with the same columns, and quote fields that contain the separator."
        )
        raise UnnamedError(
            f": the header has {expected} fields, but {count} of {lines} lines have {usual}. {advice}"
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


def refuse_whole(
    tally: Tally,
    counts: RowCounts,
    by_place: Counter[tuple[str, str]],
    quarantine: Iterator[pd.DataFrame],
    wanted: list[str],
    limit: float,
    personal: str | None,
) -> None:
    """Refuse an extract for all that its rows show to be wrong.

    Columns without values or with unknown ones are named as such, and not again for the rows that they spoil.

    Args:
        tally: The whole extract's.
        counts: Its rows.
        by_place: Number of faults by column and reason.
        quarantine: The faults by line.
        wanted: The columns that are read.
        limit: Share of bad rows at which the extract is refused.
        personal: What is personal in it, if anything.

    Raises:
        UnnamedError: lists the faults; carries the quarantine if there are too many bad rows.
    """
    blank = _blank_columns(tally, wanted, by_place, limit)
    unknown = [
        column
        for column in wanted
        if column in VOCABULARY and column not in blank and tally.known[column] * 2 < tally.rows
        if by_place[column, DISGUISED] * 2 < tally.rows
    ]
    others = Counter({place: n for place, n in by_place.items() if place[0] not in {*blank, *unknown}})
    rows = counts.received - counts.blank_lines
    bad = counts.quarantined if not blank and not unknown else max(others.values(), default=0)
    kind: Callable[[str], ChurnError] = ExtractError
    faults = [personal] if personal else []
    if blank:
        hint = f" {HINTS[_TOTAL_BLANK]}" if ("TotalCharges", _TOTAL_BLANK) in by_place else ""
        faults.append(f"has no values in {_quoted(blank)}. Export the values.{hint}")
    if unknown:
        faults.append(unknown_values_fault(unknown, "most rows"))
    if bad and bad >= limit * rows:
        said, listed = _too_many_bad(counts.quarantined, rows, others, quarantine, limit, tally.controls)
        faults.append(said)
        kind = partial(ExtractError, quarantine=listed)
    if 0 < tally.simulated < tally.accepted:
        faults.append(
            f"mixes {tally.simulated} simulated customers with {tally.accepted - tally.simulated} others."
            " Send them in separate files."
        )
    refuse(faults, kind)


def unknown_values_fault(columns: Sequence[str], rows: str) -> str:
    """Name category columns whose values are mostly unknown, with the expected ones."""
    by_values: dict[tuple[str, ...], list[str]] = {}
    for column in columns:
        by_values.setdefault(VOCABULARY[column], []).append(column)
    listed = []
    for values, (first, *others) in by_values.items():
        verb = "does" if len(others) == 1 else "do"
        same = f", and so {verb} {_quoted(others)}" if others else ""
        listed.append(f"'{first}' expects {_quoted(values)}{same}")
    return (
        f"uses unknown values in {rows}: {'; '.join(listed)}."
        " Export these values, or map the sender's in ingest.value_maps."
    )


def refuse_lost_lines(counts: RowCounts) -> None:
    """Refuse a file if any line is unaccounted for.

    Raises:
        UnnamedError: received is not accepted + quarantined + exact duplicates + objected + blank lines.
    """
    if not counts.reconciles:
        raise UnnamedError(
            f": {counts.received} lines were received but {counts.accounted} are accounted for."
            " Nothing was scored. Export the file again, and report this as a bug."
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


def _sentence(fault: str) -> str:
    return fault.removeprefix(": ") if fault.startswith(":") else f"It {fault}"


def _blank_columns(
    tally: Tally, wanted: list[str], by_place: Counter[tuple[str, str]], limit: float
) -> list[str]:
    """List the columns that are blank in every row, where that makes the rows bad; nothing is imputed.

    In a batch of new customers TotalCharges may be blank throughout.
    """
    blank = []
    for column in (column for column in wanted if not tally.filled[column]):
        faults = sum(count for (place, _), count in by_place.items() if place == column)
        if faults and (not tally.accepted or faults >= limit * tally.rows):
            blank.append(column)
    return blank


def _too_many_bad(
    bad: int,
    rows: int,
    by_place: Counter[tuple[str, str]],
    quarantine: Iterator[pd.DataFrame],
    limit: float,
    controls: Counter[str],
) -> tuple[str, pd.DataFrame]:
    """Name the most frequent reason with its hint, and the next ones; return the quarantine as well."""
    ((column, reason), lines), *others = by_place.most_common(_REASONS_SHOWN)
    place = f" in '{column}'" if column else ""
    first, listed = _first_lines(quarantine, column, reason)
    values = VOCABULARY.get(column, ()) if reason == "unknown_category" else ()
    expected = f" '{column}' expects {_quoted(values)}." if values else ""
    if reason == "control_character":
        signs = [f"{named_sign(sign)} in {count} lines" for sign, count in controls.most_common()]
        expected = f" Found: {listing(signs)}."
    more = "; ".join(f"{why}{f' in {where!r}' if where else ''} ({n})" for (where, why), n in others)
    said = (
        f": {bad} of {rows} rows are bad; the limit is {limit:.1%}"
        f" (ingest.max_quarantined_share); most often {reason}{place} ({lines} lines,"
        f" first {first}). {HINTS[reason]}{expected}{f' Then: {more}.' if more else ''}"
    )
    return said, listed


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


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{each}'" for each in names)
