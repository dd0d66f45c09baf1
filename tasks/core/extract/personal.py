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

_WORDS: Final = frozenset({
    "accountnumber", "addr", "address", "adresse", "bankaccount", "bic", "birth", "birthdate", "birthday",
    "cardnumber", "clientname", "comment", "comments", "contactname", "courriel", "customername",
    "dateofbirth", "dob", "email", "familyname", "fax", "firstname", "forename", "freetext", "fullname",
    "geburtsdatum", "givenname", "gps", "holdername", "iban", "kundenname", "lastname", "latitude",
    "latlong", "longitude", "maidenname", "mail", "middlename", "mobile", "mobilenumber", "msisdn",
    "nachname", "nameclient", "namecustomer", "nir", "nomclient", "nomfamille", "note", "notes",
    "ownername", "passport", "phone", "phoneno", "phonenumber", "prenom", "remark", "remarks",
    "socialsecurity", "socialsecuritynumber", "ssn", "strasse", "street", "subscribername", "surname",
    "tel", "telefon", "telephone", "vorname",
})  # fmt: skip
"""Words, or words written as one, that make a column personal wherever they stand in its name."""
_WHOLE_NAMES: Final = frozenset({"description", "name", "nom", "username"})
"""Personal when nothing else is said: a Plan Name is not."""
_CHANNELS: Final = frozenset({"email", "mail", "mobile", "phone", "telefon", "telephone"})
_PRODUCT_WORDS: Final = frozenset({
    "charge", "charges", "line", "lines", "plan", "service", "services", "support", "type", "usage",
})  # fmt: skip
"""Beside a channel they speak of what is sold: Phone Service, Mobile Plan; the content is still judged."""
_RUN_TOGETHER: Final = ("address", "adresse", "birthdate", "email", "firstname", "lastname", "phonenumber")
"""Endings that give away names without any boundary, such as customeremail."""
_FILLERS: Final = frozenset({"de", "du", "la", "of", "the"})
_LONGEST_RUN: Final = 2
"""Words that are read as one: First Name, Bank Account."""
_WORD_STARTS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_PATTERNS: Final = (
    ("e-mail addresses", re.compile(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}")),
    ("IBANs", re.compile(r"\A[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\Z")),
    (
        "phone numbers",
        re.compile(
            r"\A(?:(?:\+|00)(?![0-9]+\.[0-9]{1,2}\Z)[1-9][0-9 .()/-]{7,16}"  # international, no amount
            r"|0[1-9](?P<between>[ .-]?)[0-9]{2}(?:(?P=between)[0-9]{2}){3}"  # French: pairs of digits
            r"|(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4})\Z"  # American
        ),
    ),
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
        if column is None and is_personal_name(sent):
            found.append(f"'{sent}' by its name")
            continue
        patterns = _PATTERNS if column is None else _PATTERNS[:2]
        found += [f"'{sent}' holds {what}" for what, p in patterns if _is_personal(cells[position], p)]
    if found:
        raise ExtractError(
            f"extract '{name}' holds personal columns that scoring does not need: {'; '.join(found)}."
            " Export it without them, or list a false alarm in ingest.allow_personal_columns."
        )


def is_personal_name(name: str) -> bool:
    """Tell whether the words of a column name say who somebody is, in whatever spelling.

    'E-Mail (privé)' is read as e, mail and prive; 'firstName' as first and name.
    """
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    words = re.findall("[a-z]+", _WORD_STARTS.sub(" ", plain).casefold())
    words = [word for word in words if word not in _FILLERS]
    if "".join(words) in _WORDS | _WHOLE_NAMES:
        return True
    personal = _WORDS - _CHANNELS if _PRODUCT_WORDS.intersection(words) else _WORDS
    runs = {
        "".join(words[start : start + length])
        for length in range(1, _LONGEST_RUN + 1)
        for start in range(len(words) - length + 1)
    }
    return not personal.isdisjoint(runs) or any(
        word.endswith(_RUN_TOGETHER) for word in words if word not in _CHANNELS
    )


def _is_personal(cells: "pd.Series[str]", pattern: re.Pattern[str]) -> bool:
    filled = [cell for cell in map(str.strip, cells) if cell]
    found = sum(pattern.search(cell) is not None for cell in filled)
    return found > 0 and found >= _PERSONAL_SHARE * len(filled)
