"""Refuse columns that are personal by name or by content; a value is never shown.

Source: data minimisation, GDPR art. 5(1)(c); the patterns are deliberately plain.
"""

import re
import unicodedata
from typing import Final

import pandas as pd

from schemas.columns import ID
from tasks.core.errors import ExtractError
from tasks.core.extract.folding import fold_name

_PERSONAL_NAMES: Final = frozenset({
    "accountnumber", "address", "adresse", "bankaccount", "bic", "birthdate", "birthday", "cardnumber",
    "comment", "comments", "courriel", "customername", "dateofbirth", "description", "dob", "email",
    "emailaddress", "familyname", "fax", "firstname", "forename", "freetext", "fullname", "givenname",
    "gps", "iban", "ipaddress", "lastname", "latitude", "latlong", "longitude", "maidenname", "mail",
    "mobile", "mobilenumber", "msisdn", "name", "nir", "nom", "note", "notes", "passport", "phone",
    "phonenumber", "postaladdress", "prenom", "remark", "remarks", "socialsecuritynumber", "ssn", "street",
    "streetaddress", "surname", "tel", "telephone",
})  # fmt: skip
_PATTERNS: Final = (
    ("e-mail addresses", re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")),
    ("IBANs", re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?")),
    ("phone numbers", re.compile(r"(?:\+|00)[1-9][0-9 .()/-]{7,16}|0[1-9](?:[ .-]?[0-9]{2}){4}")),
)
_PERSONAL_SHARE: Final = 0.01
"""Of a column's filled cells; one mistyped cell does not make a column personal, a few do."""


def refuse_personal_columns(
    cells: pd.DataFrame, header: tuple[str, ...], known: list[str | None], allowed: tuple[str, ...], name: str
) -> None:
    """Refuse an extract with columns that say who a customer is.

    Columns outside the contract are judged by name and content, `customerID` by content (not for
    phone numbers: an id may be any row of digits); the other columns have closed contracts.

    Raises:
        ExtractError: names every personal column at once, and why.
    """
    let_through = {fold_name(column) for column in allowed}
    found = []
    for position, (sent, column) in enumerate(zip(header, known, strict=True)):
        if fold_name(sent) in let_through or column not in (None, ID):
            continue
        if column is None and _letters(sent) in _PERSONAL_NAMES:
            found.append(f"'{sent}' by its name")
            continue
        patterns = _PATTERNS if column is None else _PATTERNS[:2]
        found += [f"'{sent}' holds {what}" for what, p in patterns if _is_personal(cells[position], p)]
    if found:
        raise ExtractError(
            f"extract '{name}' holds personal columns that scoring does not need: {'; '.join(found)}."
            " Export it without them, or list a false alarm in ingest.allow_personal_columns."
        )


def _letters(name: str) -> str:
    """Keep the bare letters of a column name: 'E-Mail (privé)' -> 'emailprive'."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalpha() and letter.isascii())


def _is_personal(cells: "pd.Series[str]", pattern: re.Pattern[str]) -> bool:
    filled = cells[cells.str.strip() != ""]
    return len(filled) > 0 and float(filled.str.strip().str.fullmatch(pattern).mean()) >= _PERSONAL_SHARE
