"""What a customer id may look like: anything a CRM may issue, and nothing that only damage leaves behind.

An id is damaged if a spreadsheet, a database or a program wrote something else in its place: nobody can
find the customer by it. The rule is stated here once; docs/data-contract.md lists it.
"""

import re
from dataclasses import dataclass
from typing import Final

_UNSEEN: Final = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680"
    "\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that are not seen, look like an ordinary blank, or stand for one that was lost.

Source: Unicode 16, general categories Cc, Cf, Cs, Zl, Zp and Zs without the ordinary blank, the property
Default_Ignorable_Code_Point, the specials block (U+FFFD replaces what could not be decoded), and U+2800.
"""

_WORDS: Final = (
    "null|nil|none|nan|nat|na|n/a|n\\.a\\.|undefined|inf|infinity|dbnull|k\\.a\\.|n\\.v\\.t\\.|s/d"
    "|true|false|vrai|faux|wahr|falsch|verdadero|falso|waar|onwaar|vero"
)
_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",  # English
    "janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "déc",  # French
    "mär", "mrz", "märz", "okt", "dez",  # German
    "ene", "abr", "ago", "dic", "gen", "mag", "giu", "lug", "set", "ott",  # Spanish, Italian
    "fev", "out", "mrt", "mei",  # Portuguese, Dutch
)  # fmt: skip
"""Month names as spreadsheets shorten them; none is longer than four letters."""
_MONTH: Final = "(?:" + "|".join([*_MONTHS, *map(str.title, _MONTHS)]) + ")\\.?"
"""No spreadsheet writes a month in capitals, so MAR-12 is an id."""
_ANY_CASE_MONTH: Final = "(?i:" + "|".join(_MONTHS) + ")\\.?"
_D, _M, _Y = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])", "(?:19|20)[0-9]{2}"
_DATES: Final = "|".join(
    f"{_Y}{sep}{_M}{sep}{_D}|(?:{_D}{sep}{_M}|{_M}{sep}{_D}){sep}{_Y}" for sep in ("-", "/", "\\.")
)
_TIME: Final = "(?:[T ][0-9]{1,2}:[0-9:.+Zz APMapm-]*)?"


@dataclass(frozen=True)
class Damage:
    """A kind of damage: `what` it is, in words for the sender, and the `pattern` of the whole id."""

    what: str
    pattern: re.Pattern[str]


DAMAGES: Final = (
    Damage(
        "a control, format or other invisible character anywhere, or a blank that is not the ordinary one",
        re.compile(f"(?s:.*)[{_UNSEEN}](?s:.*)"),
    ),
    Damage(
        "a word for a missing value or a truth value, in any case: `NULL`, `nan`, `None`, `N/A`, `<NA>`,"
        " `\\N`, `undefined`, `true`",
        re.compile(
            rf"(?i:[<(\[{{]?[+-]?(?:{_WORDS})[>)\]}}]?[,;]?)|\\N|[+-]?1\.#[A-Z]+|\[object Object\]"
            r"|(?i:\((?:blank|empty|vide|leer)\)|\$null\$)",
        ),
    ),
    Damage("neither a letter nor a digit: `-`, `?`", re.compile(r"[\W_]+")),
    Damage(
        "an error of a spreadsheet, which starts with `#` and has no digit: `#N/A`, `#VALUE!`, `#####`;"
        " `#DIV/0!` in any language; and `Err:502`",
        re.compile(r"#[^0-9]*(?:/0[!?]?)?|(?i:err|fehler|erreur):[0-9]+"),
    ),
    Damage(
        "a number in scientific notation, with a point or a comma before the exponent or a plus sign in it:"
        " `4.55E+11`, `4,55E+11`, `1e+16`",
        re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+[eEdD][+-]?|[eE]\+)[0-9]+"),
    ),
    Damage(
        "a whole number written as a decimal, or with signs between thousands: `455000000001.0`,"
        " `455,000,000,001`, `1'234'567`, `455.000.000.001` (points from three groups on);"
        " ids stored as floating-point numbers are written like this",
        re.compile(
            r"[+-]?[0-9]+[.,]0*|[+-]?[1-9][0-9]{0,2}"
            r"(?:(?:,[0-9]{3})+|(?:'[0-9]{3})+|(?:\.[0-9]{3}){2,})(?:[.,][0-9]+)?"
        ),
    ),
    Damage(
        "a date or a time: `1-Mar`, `Mar-26`, `1-mars`, `01-MAR-26`, `2026-03-01`, `01/03/2026`, `12:30`,"
        " `1900-01-00`",
        re.compile(
            rf"{_D}(?:[-/ ]|\. ?){_MONTH}|{_MONTH}[-/ ](?:{_Y}|[0-9]{{2}})"
            rf"|(?:{_D}[-/ .]{_ANY_CASE_MONTH}[-/ .](?:{_Y}|[0-9]{{2}})|{_DATES}"
            rf"|(?:{_D}/{_M}|{_M}/{_D})/[0-9]{{2}}){_TIME}"
            rf"|{_MONTH} {_D}, {_Y}|[0-9]{{1,4}}:[0-5][0-9](?::[0-5][0-9])?(?: ?[AaPp][Mm])?"
            r"|1900-01-00|3[01][-/.]12[-/.]1899|1899-12-3[01]"
        ),
    ),
    Damage(
        "how a program writes a value: in quotes, brackets or braces, as a call, or with an HTML entity:"
        " `\"0012\"`, `[12]`, `{'id': 12}`, `b'12'`, `Decimal('12')`, `12&#45;A`",
        re.compile(
            r"\"(?s:.*)\"|\[(?s:.*)\]|\{(?s:.*)\}|[A-Za-z]{0,2}'(?s:.*)'|[A-Za-z_][\w.]{2,}\((?s:.*)\)"
            r"|(?s:.*)&#?[A-Za-z0-9]+;(?s:.*)"
        ),
    ),
    Damage(
        "a formula: it starts with `=`, `@` or an apostrophe, or it starts with `+` or `-` and calls a"
        ' function or another program: `="0012"`, `\'0012`, `-SUM(A1)`',
        re.compile(r"[=@'\uff1d\uff20](?s:.*)|[+\uff0b\uff0d-](?s:.*)(?:[A-Za-z][0-9]{0,3}\(|[|!])(?s:.*)"),
    ),
)
"""Every kind of damage. Blanks around an id do not count; a blank id is missing, not damaged."""

_UNSEEN_ONE: Final = re.compile(f"[{_UNSEEN}]")
_ANY_SHAPE: Final = re.compile("|".join(f"(?:{each.pattern.pattern})" for each in DAMAGES[1:]))

FORMULA_SIGNS: Final = ("+", "-")
"""An undamaged id may start with these, as phone numbers do, but a spreadsheet reads it as a formula."""


def is_damaged(customer_id: str) -> bool:
    """Return whether an id shows damage of any kind."""
    if not customer_id.strip():
        return False
    return bool(_ANY_SHAPE.fullmatch(customer_id.strip(" ")) or _UNSEEN_ONE.search(customer_id))
