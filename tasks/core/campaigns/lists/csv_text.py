"""Write cells as CSV: for machines, and for a spreadsheet in French settings, which must not change them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from tasks.core.campaigns.lists.columns import Cell, Kind

BYTE_ORDER_MARK: Final = "\ufeff"
"""By it Excel recognises UTF-8."""

_FORMULA: Final = frozenset("=+-@|%'")
"""First characters of formulas, and of what some programs turn into one.

Source: OWASP, "CSV Injection". An apostrophe is among them so that removing one always restores the text.
"""
_UNSEEN: Final = ("Z", "C")
"""Unicode's blanks, and its control and format characters."""
_SPECIAL: Final = re.compile(r'[,"\r\n]')
_TEXT: Final = re.compile(r"[^\W\d_]")
_EXPONENT: Final = re.compile(r"[\d., ]+[eEdD][+-]?\d+")
_DAY_OR_TIME: Final = re.compile(
    r"[\W\d]*(?:jan|f[eé]v|feb|m[aä]r|a[vp]r|mai|may|jui|jun|jul|ao[uû]|aug|sep|o[ck]t|nov|d[eé][cz])"
    r"[^\W\d_]*[\W\d]*|[\W\d]*\d[\W\d]*[ap]\.?m?\.?",
    re.IGNORECASE,
)
_TRUTHS: Final = frozenset({"true", "false", "vrai", "faux"})


def machine_rows(columns: Sequence[Sequence[str]]) -> str:
    """Write rows from their columns: commas, LF, quotes only where they are needed."""
    return "".join(",".join(map(_machine_field, row)) + "\n" for row in zip(*columns, strict=True))


def people_row(cells: Iterable[Cell], kinds: Iterable[Kind]) -> str:
    """Write a row: semicolons, CRLF, a decimal comma, JJ/MM/AAAA; every text in quotes.

    Quotes keep text as text in LibreOffice where it is asked to heed them. Nothing keeps it in Excel,
    so an apostrophe precedes what a spreadsheet would read as anything else.
    """
    return ";".join(_people_field(cell, kind) for cell, kind in zip(cells, kinds, strict=True)) + "\r\n"


def is_plain_text(text: str) -> bool:
    """Tell whether a spreadsheet leaves a text alone: it is no formula, number, date, time or truth value.

    Doubtful texts are not plain: control characters, no letter, a word among digits that may be a month.
    Blanks, invisible characters and full-width forms before or inside change nothing.
    """
    kinds = [unicodedata.category(each) for each in text]
    if "Cc" in kinds:
        return False
    visible = "".join(
        each for each, kind in zip(text, kinds, strict=True) if each == " " or kind[0] not in _UNSEEN
    )
    seen = unicodedata.normalize("NFKC", visible).strip()
    if not seen:
        return True
    if seen[0] in _FORMULA or not _TEXT.search(seen) or seen.lower() in _TRUTHS:
        return False
    return not (_EXPONENT.fullmatch(seen) or _DAY_OR_TIME.fullmatch(seen))


def _machine_field(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _SPECIAL.search(text) else text


@lru_cache(maxsize=10_000)  # most cells of a list recur on every row
def _people_field(cell: Cell, kind: Kind) -> str:
    if kind == "money":
        return f"{cell:.2f}".replace(".", ",")
    if kind == "day":
        assert isinstance(cell, date)
        return f"{cell:%d/%m/%Y}"
    if kind == "whole":
        return str(cell)
    text = str(cell)
    text = text if is_plain_text(text) else f"'{text}"
    return f'"{text.replace(chr(34), chr(34) * 2)}"'
