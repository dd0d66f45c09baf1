"""Read the rows of a contact list: whole lines, judged by the list's contract, without values in messages."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import pandas as pd
import pandera.pandas as pa

from schemas.contact_lists import REASON_BY_CHECK, REASONS, ListName
from tasks.core.errors import ContactsError
from tasks.core.extract.text.separator import SEPARATORS

_LINES_AT_ONCE: Final = 2**16
_ANY_SEPARATOR: Final = re.compile(f"[{re.escape(''.join(SEPARATORS))}\r]")
_BOM: Final = "\ufeff"

Fault = tuple[int, str, str]
"""Line, column and reason."""


@dataclass
class Judged:
    """What was found in a list: its faults, and the number of its rows; lines count from 1.

    `doubtful` are the parts of rows of another width, any of which may be the id.
    """

    faults: list[Fault] = field(default_factory=list)
    rows: int = 0
    doubtful: list[str] = field(default_factory=list)


def read_rows(
    path: Path, name: ListName, contract: pa.DataFrameSchema, judged: Judged
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a list with all their cells, by line and in batches, and add to what is `judged`.

    The column `faulty` tells which rows break the contract.

    Raises:
        ContactsError: there is no header with exactly the contract's columns.
        OSError: the file cannot be read.
    """
    columns = list(contract.columns)
    with path.open("rb") as file:
        separator, order = _header(file.readline(), name, columns)
        lines = enumerate(file, start=2)
        while batch := [*islice(lines, _LINES_AT_ONCE)]:
            cells, faults = _split(batch, separator, order, judged.doubtful)
            judged.rows += len(cells)
            frame = pd.DataFrame.from_dict(cells, orient="index", columns=order, dtype="str")
            faults += _faults(
                frame.drop(index=[line for line, *_ in faults if line in cells])[columns], contract
            )
            faults = sorted(set(faults))
            judged.faults += faults
            faulty = {line for line, *_ in faults}
            frame["faulty"] = frame.index.isin(faulty)
            yield frame


def quarantined(name: ListName, faults: list[Fault]) -> pd.DataFrame:
    """List faults as rows of contacts_quarantine.csv."""
    rows = [(name, line, column, reason, REASONS[reason]) for line, column, reason in sorted(faults)]
    frame = pd.DataFrame(rows, columns=["contact_list", "line", "column", "reason", "hint"])
    texts = dict.fromkeys(("contact_list", "column", "reason", "hint"), "str")
    return frame.astype(texts | {"line": "int64"})


def refuse_too_many(name: ListName, judged: Judged, limit: float) -> None:
    """Refuse a list with too many bad rows.

    Raises:
        ContactsError: names the most frequent reason, its first line, and what to do.
    """
    bad = len({line for line, *_ in judged.faults})
    if not bad or bad < limit * judged.rows:
        return
    reasons = Counter((column, reason) for _, column, reason in judged.faults)
    (column, reason), count = reasons.most_common(1)[0]
    first = min(line for line, *place in judged.faults if place == [column, reason])
    place = f" in '{column}'" if column else ""
    raise ContactsError(
        f"contacts.{name}: {bad} of {judged.rows} rows break the list's contract; the limit is {limit:.1%}"
        f" (contacts.max_quarantined_share); most often {reason}{place} ({count} lines, first {first})."
        f" {REASONS[reason]} Nobody is scored until the list is read."
    )


def _header(line: bytes, name: ListName, columns: list[str]) -> tuple[str, list[str]]:
    text = line.decode(errors="replace").removeprefix(_BOM).rstrip("\r\n")
    for separator in SEPARATORS:
        order = [cell.strip().strip('"') for cell in text.split(separator)]
        if sorted(order) == sorted(columns):
            return separator, order
    raise ContactsError(
        f"contacts.{name}: the first line is not a header with the columns {', '.join(columns)}, in any order"
        " and separated by commas, semicolons, tabs or bars. Export exactly these columns as UTF-8."
    )


def _split(
    batch: list[tuple[int, bytes]], separator: str, order: list[str], doubtful: list[str]
) -> tuple[dict[int, list[str]], list[Fault]]:
    """Split lines into cells; a row that is not in UTF-8 is read as its likeliest encoding.

    A row of another width is cut or filled up, and all its parts are added to the `doubtful` ones.
    """
    cells: dict[int, list[str]] = {}
    faults: list[Fault] = []
    for number, line in batch:
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            text = line.decode("cp1252", errors="replace").rstrip("\r\n")
            faults.append((number, "", "invalid_encoding"))
        if not text.strip():
            continue
        found = _fields(text, separator)
        if len(found) != len(order):
            faults.append((number, "", "short_row" if len(found) < len(order) else "long_row"))
            doubtful += _ANY_SEPARATOR.split(text)
        cells[number] = (found + [""] * len(order))[: len(order)]
    return cells, faults


def _fields(text: str, separator: str) -> list[str]:
    """Split a line; one whose quotes cannot be understood is a single field."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(separator)]
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=separator))]
    except csv.Error:
        return [text]


def _faults(frame: pd.DataFrame, contract: pa.DataFrameSchema) -> list[Fault]:
    try:
        contract.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        found = errors.failure_cases[["index", "column", "check"]].drop_duplicates()
        return [
            (int(line), str(column), REASON_BY_CHECK[re.match(r"\w+", check)[0]])  # type: ignore[index]
            for line, column, check in found.itertuples(index=False)
        ]
    return []
