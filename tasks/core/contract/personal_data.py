"""Find columns that hold personal data, judging by name or content; values are never shown.

Source: data minimisation, GDPR art. 5(1)(c); the patterns are deliberately plain.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.columns import ID
from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled
from tasks.core.contract.column_names import quoted
from tasks.core.contract.iban import SHORTEST, has_check_digits, has_iban_form
from tasks.core.contract.vocabulary import VOCABULARY, normalise_name, normalise_value
from tasks.core.errors import listing

_NAMES: Final[dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("personal_words.toml").read_text("utf-8")
)
_WORDS: Final = frozenset(_NAMES["words"])
_LONGEST_RUN: Final = 2
"""Number of words that may form one term: First Name, Bank Account."""
_WORD_STARTS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_IBANS: Final = "IBANs"
_PHONE: Final = re.compile(
    r"(?:\+|00)(?![0-9]+\.[0-9]{1,2}\Z)[1-9][0-9 .()/-]{7,16}"  # international, no amount
    r"|0[1-9](?P<between>[ .-]?)[0-9]{2}(?:(?P=between)[0-9]{2}){3}"  # French: pairs of digits
    r"|(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}"  # American
)
_KINDS: Final = ("e-mail addresses", _IBANS, "phone numbers")
_PATTERNS: Final = {
    "e-mail addresses": re.compile(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}").search,
    "phone numbers": _PHONE.fullmatch,
}
_IBAN_FORMS: Final = "texts in the form of IBANs"
"""Counted too, since one in 97 of them is taken for an IBAN by chance."""
_CATEGORY_WORDS: Final = "words for categories"
"""Counted too: a column of nothing else, such as Yes and No, tells who has a telephone, not which number."""
_ALL_WORDS: Final = {normalise_value(word) for words in VOCABULARY.values() for word in words}
_FEWEST_WORDS: Final = 10
_ANOTHER_ID: Final = "with another id in {}, such as a customer number"
_SPACE, _ZERO, _NINE, _AT, _A, _Z = map(ord, " 09@AZ")
_PERSONAL_SHARE: Final = 0.01
"""Share of filled cells that makes a column personal; a single mistyped cell does not."""


def judged_columns(
    header: tuple[str, ...], known: list[str | None], allowed: tuple[str, ...]
) -> dict[int, tuple[str, ...]]:
    """Return the positions of columns to search for personal data, and the kinds to search for.

    These are the columns outside the contract, and `customerID` (except for phone numbers: an id may be
    any string of digits). All other columns have a closed set of values.
    """
    exempt = {normalise_name(column) for column in allowed}
    return {
        position: _KINDS if column is None else _KINDS[:2]
        for position, (name, column) in enumerate(zip(header, known, strict=True))
        if column in (None, ID) and normalise_name(name) not in exempt
    }


def count_personal(cells: Mapping[str, int], kinds: tuple[str, ...]) -> Counter[str]:
    """Count the cells with each kind of personal data, given how often each cell occurs.

    Cells in the form of an IBAN are counted as well, and words for categories outside the contract's columns.
    """
    counts: Counter[str] = Counter()
    for cell, times in cells.items():
        stripped = cell.strip()
        if kinds == _KINDS and stripped.casefold() in _ALL_WORDS:
            counts[_CATEGORY_WORDS] += times
            continue
        for kind in kinds:
            if kind != _IBANS and _PATTERNS[kind](stripped):
                counts[kind] += times
        if _IBANS in kinds and has_iban_form(stripped):
            counts[_IBAN_FORMS] += times
            counts[_IBANS] += times * has_check_digits(stripped)
    return counts


def maybe_personal_ids(octets: Octets, ids: npt.NDArray[np.int64]) -> list[int]:
    """List which of N ids, (N, 2) bounds in (B,) octets, may be an e-mail address or an IBAN."""
    maybe = np.zeros(len(ids), dtype=np.bool_)
    _mark_maybe_personal(octets, ids, SHORTEST, maybe)
    return np.flatnonzero(maybe).tolist()


@compiled
def _mark_maybe_personal(
    octets: Octets, ids: npt.NDArray[np.int64], shortest: int, maybe: npt.NDArray[np.bool_]
) -> None:
    """Mark ids with an at sign, and those as long as an IBAN that start with two letters and two digits."""
    for row in range(len(maybe)):
        start, end = np.uintp(ids[row, 0]), np.uintp(ids[row, 1])
        for i in range(start, end):
            maybe[row] |= octets[i] == _AT
        while start < end and octets[start] == _SPACE:
            start += np.uintp(1)
        if end - start >= np.uintp(shortest):
            like_iban = True
            for i in range(np.uintp(2)):
                like_iban &= _A <= octets[start + i] <= _Z
                like_iban &= _ZERO <= octets[start + np.uintp(2) + i] <= _NINE
            maybe[row] |= like_iban


def personal_fault(
    header: tuple[str, ...],
    known: list[str | None],
    judged: dict[int, tuple[str, ...]],
    found: Mapping[tuple[int, str], int],
    filled: Mapping[int, int],
) -> str | None:
    """Name every personal column of an extract and why it is one; None without any.

    Args:
        header: Names as sent.
        known: The column of the contract each maps to.
        judged: The result of `judged_columns`.
        found: Number of cells with a kind of personal data, by position.
        filled: Number of filled cells, by position.
    """
    listed: list[str] = []
    ways: set[str] = set()
    for position, kinds in judged.items():
        column = quoted(header[position], position + 1)
        counts = Counter({kind: found.get((position, kind), 0) for kind in (*kinds, _IBAN_FORMS)})
        words = found.get((position, _CATEGORY_WORDS), 0)
        is_category = words >= _FEWEST_WORDS and words == filled[position]
        if known[position] is None and is_personal_name(header[position]) and not is_category:
            why = [f"{column} by name"]
        else:
            personal = (kind for kind in kinds if _is_personal(kind, counts, filled[position]))
            why = [f"{column} contains {kind}" for kind in personal]
        if why:
            listed += why
            is_id = known[position] == ID
            ways.add(_ANOTHER_ID.format(column) if is_id else "without these columns")
    if not listed:
        return None
    return (
        f"contains personal data that scoring does not need: {listing(listed, '; ')}."
        f" Export it {' and '.join(sorted(ways, reverse=True))}, or list false positives in"
        " ingest.allow_personal_columns."
    )


def _is_personal(kind: str, counts: Mapping[str, int], filled: int) -> bool:
    """Return whether a column has enough cells of a kind; of IBANs, more than chance gives."""
    enough = counts[kind] > 0 and counts[kind] >= _PERSONAL_SHARE * filled
    return enough and (kind != _IBANS or counts[_IBANS] * 2 > counts[_IBAN_FORMS])


def is_personal_name(name: str) -> bool:
    """Return whether a column name refers to personal data, in any spelling.

    'E-Mail (privé)' is split into e, mail and prive; 'firstName' into first and name.
    """
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    words = re.findall("[a-z]+", _WORD_STARTS.sub(" ", plain).casefold())
    words = [word for word in words if word not in _NAMES["fillers"]]
    if "".join(words) in _WORDS.union(_NAMES["whole_names"]):
        return True
    personal = _WORDS.difference(_NAMES["channels"]) if set(words) & set(_NAMES["product_words"]) else _WORDS
    runs = {
        "".join(words[start : start + length])
        for length in range(1, _LONGEST_RUN + 1)
        for start in range(len(words) - length + 1)
    }
    return not personal.isdisjoint(runs) or any(
        word.endswith(tuple(_NAMES["run_together"])) for word in words if word not in _NAMES["channels"]
    )
