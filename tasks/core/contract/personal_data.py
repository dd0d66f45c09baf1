"""Refuse columns that hold personal data, judging by name or content; values are never shown.

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
from tasks.core.contract.column_names import quoted
from tasks.core.contract.vocabulary import normalise_name
from tasks.core.errors import UnnamedError

_NAMES: Final[dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("personal_words.toml").read_text("utf-8")
)
_WORDS: Final = frozenset(_NAMES["words"])
_LONGEST_RUN: Final = 2
"""Number of words that may form one term: First Name, Bank Account."""
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
"""Length of two letters and two check digits."""
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
    everything = tuple(_PATTERNS)
    return {
        position: everything if column is None else everything[:2]
        for position, (name, column) in enumerate(zip(header, known, strict=True))
        if column in (None, ID) and normalise_name(name) not in exempt
    }


def count_personal(cells: Mapping[str, int], kinds: tuple[str, ...]) -> Counter[str]:
    """Count the cells with each kind of personal data, given how often each cell occurs."""
    counts: Counter[str] = Counter()
    for cell, times in cells.items():
        stripped = cell.strip()
        for kind in kinds:
            if _PATTERNS[kind].search(stripped):
                counts[kind] += times
    return counts


def ids_may_be_personal(octets: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> bool:
    """Return, without a full search, whether any of (N,) ids can be an e-mail address or an IBAN."""
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
    """Refuse an extract with personal columns, judging by name or content.

    Args:
        header: Names as sent.
        known: The column of the contract each maps to.
        judged: The result of `judged_columns`.
        found: Number of cells with a kind of personal data, by position.
        filled: Number of filled cells, by position.

    Raises:
        UnnamedError: lists every personal column, and why.
    """
    listed = []
    for position, kinds in judged.items():
        column = quoted(header[position], position + 1)
        if known[position] is None and is_personal_name(header[position]):
            listed.append(f"{column} by name")
            continue
        listed += [
            f"{column} contains {kind}"
            for kind in kinds
            if found.get((position, kind), 0) > 0
            and found[position, kind] >= _PERSONAL_SHARE * filled[position]
        ]
    if listed:
        raise UnnamedError(
            f"contains personal data that scoring does not need: {'; '.join(listed)}."
            " Export it without these columns, or list false positives in ingest.allow_personal_columns."
        )


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
