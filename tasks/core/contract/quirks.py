"""Quirks: unusual ways of writing that can be read in only one way, so they are read and counted."""

from collections import Counter
from typing import Final

BLANKS: Final = " \t\u00a0\u202f"
"""What may surround a cell: the ordinary blank, the tab, and the no-break blanks of web pages and French."""

MISSING_WORDS: Final = frozenset(
    {"na", "n/a", "nan", "null", "nil", "none", "nat", "<na>", "<null>", "(null)", "[null]", "\\n"}
)
"""What databases and programs write in a number column instead of a blank, in lower case."""

PADDED_NUMBER: Final = "numbers with blanks around them"
MISSING_WORD: Final = "words for a missing number, such as NULL"
NO_BREAK_BLANK: Final = "values with no-break blanks around them"
DECIMAL_CODE: Final = "codes written as decimals, such as 1.0"

SEPARATOR_LINE: Final = "'sep=' lines above a header"
EXTRA_MARK: Final = "repeated byte-order marks"
CARRIAGE_RETURNS: Final = "lines that end with several carriage returns"
REMARK: Final = "lines that are not customers (row counts, sums, ruled lines, end marks), counted as blank"
EMPTY_PART: Final = "parts without any content"


def bare(cell: str) -> str:
    """Return a cell without the blanks around it."""
    return cell.strip(BLANKS)


def number_quirk(cell: str, form: str) -> str | None:
    """Return the quirk of a number cell, given its form."""
    if form == "blank":
        return MISSING_WORD if bare(cell) else None
    return PADDED_NUMBER if form in ("whole", "decimal") and bare(cell) != cell else None


def quirks_line(quirks: Counter[str]) -> str:
    """List quirks with their counts, for the log."""
    return "; ".join(f"{what}: {count}" for what, count in sorted(quirks.items()))
