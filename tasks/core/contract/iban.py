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
    return _FORM.fullmatch(text) is not None and _LENGTHS.get(text[:2]) == len(text.replace(" ", ""))


def is_iban(text: str) -> bool:
    """Return whether a text has the form of an IBAN and the right check digits.

    One in 97 other texts of that form has them by chance.
    """
    if not has_iban_form(text) or int(text[2:4]) not in _CHECK_DIGITS:
        return False
    moved = text.replace(" ", "")
    digits = "".join(str(int(each, 36)) for each in moved[4:] + moved[:4])
    return int(digits) % _MODULUS == 1
