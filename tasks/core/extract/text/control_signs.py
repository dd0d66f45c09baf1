"""Name control characters, and say how to do without them."""

import unicodedata
from typing import Final

from tasks.core.errors import CONTROL

_LINE_ENDS: Final = {
    "\r": "carriage return",
    "\x0b": "vertical tab",
    "\x0c": "form feed",
    "\x85": "next line",
    "\u2028": "line separator",
    "\u2029": "paragraph separator",
}
_OTHERS: Final = {"\x00": "NUL", "\t": "tab", "\x1a": "end of file", "\x1b": "escape"}
_FEWEST_BETWEEN_COLUMNS: Final = 3


def control_signs(text: str, separator: str) -> list[str]:
    """List the control characters of a line other than its separator, each once."""
    return sorted(set(CONTROL.findall(text)) - {separator})


def named_sign(sign: str) -> str:
    """Name a control character in words, if it has any, and by its number."""
    words = {**_LINE_ENDS, **_OTHERS}.get(sign) or unicodedata.name(sign, "").lower()
    number = f"U+{ord(sign):04X}"
    return f"{words} ({number})" if words else number


def header_advice(text: str, signs: list[str]) -> str:
    """Say how to export a header without these characters; one that is there often separates the columns."""
    if not _LINE_ENDS.keys().isdisjoint(signs):
        return "Export it with lines that end in LF or CRLF, and without line breaks in names."
    if any(text.count(sign) >= _FEWEST_BETWEEN_COLUMNS for sign in signs):
        return "Separate the columns with ',', ';', '|' or a tab instead."
    return "Remove it from the export."
