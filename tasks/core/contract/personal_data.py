"""Refuse columns that are personal by name or by content; a value is never shown.

Source: data minimisation, GDPR art. 5(1)(c); the patterns are deliberately plain.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.columns import ID
from tasks.core.contract.column_names import quoted
from tasks.core.contract.vocabulary import fold_name
from tasks.core.errors import UnnamedError

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

_PATTERNS: Final = {
    "e-mail addresses": re.compile(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}"),
    "IBANs": re.compile(r"\A[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\Z"),
    "phone numbers": re.compile(
        r"\A(?:(?:\+|00)(?![0-9]+\.[0-9]{1,2}\Z)[1-9][0-9 .()/-]{7,16}"  # international, no amount
        r"|0[1-9](?P<between>[ .-]?)[0-9]{2}(?:(?P=between)[0-9]{2}){3}"  # French: pairs of digits
        r"|(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4})\Z"  # American
    ),
}
_IBAN_START: Final = 4
"""Characters: two letters and two digits."""
_PERSONAL_SHARE: Final = 0.01
"""Of a column's filled cells; one mistyped cell does not make a column personal, a few do."""


def judged_columns(
    header: tuple[str, ...], known: list[str | None], allowed: tuple[str, ...]
) -> dict[int, tuple[str, ...]]:
    """Say which columns are judged by their content, by position, and what each is searched for.

    Columns outside the contract are, and `customerID` (not for phone numbers: an id may be any row of
    digits); the other columns have closed contracts.
    """
    let_through = {fold_name(column) for column in allowed}
    everything = tuple(_PATTERNS)
    return {
        position: everything if column is None else everything[:2]
        for position, (sent, column) in enumerate(zip(header, known, strict=True))
        if column in (None, ID) and fold_name(sent) not in let_through
    }


def count_personal(cells: Mapping[str, int], kinds: tuple[str, ...]) -> Counter[str]:
    """Count the cells, given with how often each stands there, that hold each kind of personal data."""
    counts: Counter[str] = Counter()
    for cell, times in cells.items():
        stripped = cell.strip()
        for kind in kinds:
            if _PATTERNS[kind].search(stripped):
                counts[kind] += times
    return counts


def ids_may_be_personal(octets: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> bool:
    """Tell without a search whether any of (N,) ids can be an e-mail address or an IBAN."""
    if ord("@") in octets:
        return True
    starts = offsets[:-1][np.diff(offsets) >= _IBAN_START]
    country, check = octets[starts], octets[starts + _IBAN_START - 1]
    return bool(
        ((country >= ord("A")) & (country <= ord("Z")) & (check >= ord("0")) & (check <= ord("9"))).any()
    )


def refuse_personal_columns(
    header: tuple[str, ...],
    known: list[str | None],
    judged: dict[int, tuple[str, ...]],
    found: Mapping[tuple[int, str], int],
    filled: Mapping[int, int],
) -> None:
    """Refuse an extract with columns that say who a customer is, by name or by content.

    Args:
        header: Names as sent.
        known: The contract's column each stands for.
        judged: What `judged_columns` says.
        found: Cells of a position that hold a kind of personal data.
        filled: Cells of a position that hold anything.

    Raises:
        UnnamedError: names every personal column at once, and why.
    """
    listed = []
    for position, kinds in judged.items():
        column = quoted(header[position], position + 1)
        if known[position] is None and is_personal_name(header[position]):
            listed.append(f"{column} by its name")
            continue
        listed += [
            f"{column} holds {kind}"
            for kind in kinds
            if found.get((position, kind), 0) > 0
            and found[position, kind] >= _PERSONAL_SHARE * filled[position]
        ]
    if listed:
        raise UnnamedError(
            f"holds personal columns that scoring does not need: {'; '.join(listed)}."
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
