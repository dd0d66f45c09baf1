"""Recognise international bank account numbers by their country's length and their check digits.

Source: ISO 13616; the check digits are ISO 7064, mod 97-10.
"""

import re
import tomllib
from pathlib import Path
from typing import Final

_LENGTHS: Final[dict[str, int]] = tomllib.loads(
    Path(__file__).with_name("iban_lengths.toml").read_text("utf-8")
)["lengths"]
SHORTEST: Final = min(_LENGTHS.values())

_FORM: Final = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4})+(?: ?[A-Z0-9]{1,3})?")
"""In groups of four, with or without blanks between them."""
_MODULUS: Final = 97
_CHECK_DIGITS: Final = range(2, 99)
"""What the calculation can result in."""


def has_iban_form(text: str) -> bool:
    """Return whether a text is written like an IBAN: a country, two digits, and the country's length."""
    return (
        len(text) >= SHORTEST
        and _FORM.fullmatch(text) is not None
        and _LENGTHS.get(text[:2]) == len(text.replace(" ", ""))
    )


def has_check_digits(text: str) -> bool:
    """Return whether a text in the form of an IBAN is one; one in 97 others passes by chance."""
    moved = text.replace(" ", "")
    digits = "".join(str(int(each, 36)) for each in moved[4:] + moved[:4])
    return int(text[2:4]) in _CHECK_DIGITS and int(digits) % _MODULUS == 1
