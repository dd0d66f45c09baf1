"""Recognise lines that tools write around the rows of a table, and that cannot be customers."""

import re
from collections.abc import Sequence
from itertools import chain, islice
from typing import Final

_MOST_CELLS: Final = 4
"""A sum line has a word and the sums of three number columns; a customer fills more cells than that."""
_ABOUT_ROWS: Final = frozenset({
    "row", "rows", "record", "records", "line", "lines", "customers", "total", "totals", "count", "affected",
    "selected", "lignes", "enregistrements", "clients", "nombre",
})  # fmt: skip
_FILLERS: Final = frozenset({
    "s", "of", "in", "set", "sec", "grand", "number", "exported", "fetched", "returned", "retrieved", "sum",
    "de",
})  # fmt: skip
_ENDS: Final = frozenset({"eof", "end of file", "end of report", "fin de fichier"})
_SIGNS: Final = re.compile(r"[\w\s():=.,*'#-]+")
_WORD: Final = re.compile(r"[^\W\d_]+")
_PART_OF_AN_ID: Final = re.compile(
    r"[^\W\d_][-_#.*']*\d|\d[-_#.*']*[^\W\d_]"  # LINE-000123, Row12
    r"|(?<!\d)(?<!\d[ .'])0\d"  # 000123, but neither 1 000 nor 0.05
)
"""A number that is joined to a word or starts with a zero counts nothing."""
_COMPLETION: Final = re.compile(r"(?i:completion time:) [0-9T:.+-]+")
"""What SQL Server Management Studio writes at the end."""
_RULE: Final = re.compile(r"[-=_+]{2,}")


def is_remark(fields: Sequence[str]) -> bool:
    """Return whether a line, split into fields, only states a number of rows or sums, or is a ruled line.

    `(10 rows affected)`, `Total: 10 rows`, `10 rows in set (0.00 sec)`, `Total,,,648.5`, `--------,------`,
    `*** end of file ***`. The words are a closed list, and no number may belong to an id, so a line that was
    cut off is not taken for one.
    """
    filled = (field.strip() for field in fields if field and not field.isspace())
    first = list(islice(filled, _MOST_CELLS + 1))  # of most lines, the others need not be looked at
    if first and all(map(_RULE.fullmatch, chain(first, filled))):
        return True
    text = " ".join(first) if len(first) <= _MOST_CELLS else ""
    if _COMPLETION.fullmatch(text):
        return True
    if not _SIGNS.fullmatch(text):
        return False
    words = _WORD.findall(text.casefold())
    if " ".join(words) in _ENDS:
        return True
    about_rows = not _ABOUT_ROWS.isdisjoint(words) and _ABOUT_ROWS.union(_FILLERS).issuperset(words)
    return about_rows and any(map(str.isdecimal, text)) and not _PART_OF_AN_ID.search(text)
