"""Write numbers, shares and the contract's names as a French reader expects them.

Source: Imprimerie nationale, "Lexique des règles typographiques": decimal comma, a narrow no-break
space between thousands and before tall punctuation, a no-break space before a colon or a per cent.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.columns import NUMBERS
from schemas.horizon import Horizon
from schemas.measures import Measure

_NARROW: Final = "\u202f"
_SPACE: Final = "\u00a0"
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNKNOWN: Final = "non mesurable"

NAMES: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))
"""French names of columns, values and models."""


def whole(count: int) -> str:
    """Write a count: 7 043."""
    return f"{count:,}".replace(",", _NARROW)


def decimal(value: float | None, digits: int = 3) -> str:
    """Write a number with a decimal comma and a real minus sign: 0,851."""
    return _UNKNOWN if value is None else f"{value:.{digits}f}".replace(".", ",").replace("-", "\u2212")


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign: +0,002."""
    return ("+" if value >= 0 else "") + decimal(value, digits)


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share: 26,5 %."""
    return _UNKNOWN if share is None else f"{decimal(100 * share, digits)}{_SPACE}%"


def share(value: float | None) -> str:
    """Write a share of a group, which may be too small to be shown: 71 %."""
    return "trop peu de clients" if value is None else percent(value)


def power_of_ten(value: float | None) -> str:
    """Write a very small number: 1,2 · 10⁻⁷."""
    if value is None:
        return _UNKNOWN
    mantissa, exponent = f"{value:.1e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    return f"{mantissa.replace('.', ',')}{_SPACE}·{_SPACE}10{power}"


def interval(measure: Measure, digits: int = 3, write: Callable[[float, int], str] = decimal) -> str:
    """Write a measure with its 95 % interval: 0,851 [0,829 ; 0,872]."""
    if measure.value is None:
        return _UNKNOWN
    if measure.low is None or measure.high is None:
        return write(measure.value, digits)
    return f"{write(measure.value, digits)} [{write(measure.low, digits)} ; {write(measure.high, digits)}]"


def value_of(column: str, value: str) -> str:
    """Name a value of a column: mensuel, oui, 72 mois."""
    if column in NUMBERS:
        number = f"{float(value):g}".replace(".", ",")
        return f"{number}{_SPACE}mois" if column == "tenure" else number
    return str(NAMES["values"].get(column, NAMES["answers"]).get(value, value))


def horizon(value: Horizon | None) -> str:
    """Write a label's horizon, and where it comes from: 30 jours (hypothèse)."""
    if value is None:
        return "non déclaré"
    source = {"declared": "déclaré", "assumed": "hypothèse"}[value.source]
    return f"{value.days}{_SPACE}jour{'s' if value.days > 1 else ''} ({source})"


def typeset(text: str) -> str:
    """Write typographic apostrophes, and no-break spaces where a line must not end."""
    text = text.replace("'", "\u2019").replace("« ", f"«{_SPACE}").replace(" »", f"{_SPACE}»")
    text = re.sub(r"(\d) (?=[a-zé])", rf"\1{_SPACE}", text)  # a number stays with what it counts
    text = re.sub(r"([+=×]) (?=\d)", rf"\1{_SPACE}", text)
    text = re.sub(r" ([:%])", rf"{_SPACE}\1", text)
    return re.sub(r" ([;!?])", rf"{_NARROW}\1", text)
